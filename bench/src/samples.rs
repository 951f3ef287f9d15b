// SPDX-License-Identifier: MIT OR Apache-2.0
//! The raw samples of a record: one JSON object a line, compressed by gzip.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// The samples of one number in one run, in the order of time, disturbed ones included.
#[derive(Debug, Serialize)]
pub(crate) struct Samples {
    pub(crate) run: usize,
    pub(crate) workload: String,
    /// The case of the workload, such as "4 threads"; empty where there is one only.
    pub(crate) case: String,
    pub(crate) bytes: usize,
    pub(crate) contestant: String,
    /// What was measured, with its unit.
    pub(crate) number: &'static str,
    pub(crate) samples: Vec<f64>,
}

/// This many samples are kept of one number in one run, which bounds the file: about 100 KiB for each run.
pub(crate) const KEPT: usize = 16;

/// Returns at most [`KEPT`] samples, evenly spread, with four digits.
pub(crate) fn thinned(samples: &[f64]) -> Vec<f64> {
    let step = samples.len().div_ceil(KEPT).max(1);
    let four_digits = |sample: &f64| {
        let unit = 10_f64.powf(3.0 - sample.abs().log10().floor());
        if unit.is_finite() { (sample * unit).round() / unit } else { *sample }
    };
    samples.iter().step_by(step).map(four_digits).collect()
}

/// Writes all samples.
pub(crate) fn write(all: &[Samples], path: &Path) -> io::Result<()> {
    compress(all, File::create(path)?)?.sync_all()
}

fn compress<W: Write>(all: &[Samples], to: W) -> io::Result<W> {
    let mut encoder = GzEncoder::new(to, Compression::best());
    for samples in all {
        serde_json::to_writer(&mut encoder, samples)?;
        encoder.write_all(b"\n")?;
    }
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::{KEPT, Samples, compress, thinned};

    fn samples(index: usize) -> Samples {
        let noise = (0..320).map(|_| 10.0 + fastrand::f64() * index as f64);
        Samples {
            run: 0,
            workload: "read_into".into(),
            case: String::new(),
            bytes: 8 * index,
            contestant: "tearfree latch".into(),
            number: "ns",
            samples: thinned(&noise.collect::<Vec<f64>>()),
        }
    }

    #[test]
    fn samples_are_thinned_evenly_and_have_four_digits() {
        let all: Vec<f64> = (0..320).map(f64::from).collect();
        let kept = thinned(&all);
        assert_eq!((kept.len(), kept[1], kept[15]), (KEPT, 20.0, 300.0));
        assert_eq!(thinned(&[1.234_56, 123_456.0, 0.0]), [1.235, 123_500.0, 0.0]);
        assert_eq!(thinned(&[]), [0.0; 0]);
    }

    #[test]
    fn a_file_is_one_object_a_line() {
        let all = [samples(1), samples(2)];
        let compressed = compress(&all, Vec::new()).expect("memory takes it");
        let mut text = String::new();
        GzDecoder::new(&*compressed).read_to_string(&mut text).expect("it is compressed by gzip");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["samples"], serde_json::json!(all[1].samples));
        assert_eq!((&lines[1]["bytes"], &lines[1]["number"]), (&16.into(), &"ns".into()));
    }

    /// A run has about 2,500 numbers. Noise is the worst case.
    #[test]
    fn the_file_is_small() {
        let all: Vec<Samples> = (1..=2500).map(samples).collect();
        let bytes = compress(&all, Vec::new()).expect("memory takes it").len();
        assert!(bytes < 160 << 10, "{bytes} bytes for one run");
    }
}
