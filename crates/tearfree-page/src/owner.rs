// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Owner`: the users whose pages a reader maps.

use core::str::FromStr;
use std::ffi::CString;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use rustix::process::geteuid;

use crate::error::Error;

/// The users whose pages a reader maps.
///
/// The owner of a file can truncate it, and then SIGBUS kills every process that touches the mapping.
/// Nothing else that an owner can do to a page harms a reader. So both the page's file and its directory have to
/// belong to a trusted user (the directory may be root's), and no other user may write to them, also not by an
/// access control list.
///
/// An owner can be parsed: `any`, a user's name or ID, or `group:` with a group's name or ID.
///
/// ```
/// use tearfree_page::Owner;
/// assert_eq!(Owner::user_name("root")?, Owner::User(0));
/// assert_eq!("group:0".parse::<Owner>()?, Owner::Group(0));
/// let error = Owner::user_name("no such user").unwrap_err();
/// assert!(error.to_string().starts_with("there is no user 'no such user'"));
/// # Ok::<(), tearfree_page::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// This user and root.
    #[default]
    ThisUserOrRoot,
    /// The user with this ID.
    User(u32),
    /// The members of the group with this ID, as the system knows them when the page is opened. The group of the
    /// file does not matter.
    Group(u32),
    /// Any user. Who may write to the file and its directory is not checked either.
    Any,
}

impl Owner {
    /// Returns the user with this name.
    ///
    /// # Errors
    /// If there is none, or the system cannot look it up.
    ///
    /// ```
    /// use tearfree_page::Owner;
    /// assert_eq!(Owner::user_name("root")?, Owner::User(0));
    /// # Ok::<(), tearfree_page::Error>(())
    /// ```
    pub fn user_name(name: &str) -> Result<Self, Error> {
        match found(User::from_name(name), "look up the user", name)? {
            Some(user) => Ok(Self::User(user.uid.as_raw())),
            None => Err(Error::NoUser(name.to_owned())),
        }
    }

    /// Returns the members of the group with this name.
    ///
    /// # Errors
    /// If there is none, or the system cannot look it up.
    ///
    /// ```
    /// use tearfree_page::Owner;
    /// assert_eq!(Owner::group("root")?, Owner::Group(0));
    /// # Ok::<(), tearfree_page::Error>(())
    /// ```
    pub fn group(name: &str) -> Result<Self, Error> {
        match found(Group::from_name(name), "look up the group", name)? {
            Some(group) => Ok(Self::Group(group.gid.as_raw())),
            None => Err(Error::NoGroup(name.to_owned())),
        }
    }

    /// Whether the pages of this user are trusted.
    pub(crate) fn accepts(self, uid: u32) -> Result<bool, Error> {
        match self {
            Self::ThisUserOrRoot => Ok(uid == 0 || uid == geteuid().as_raw()),
            Self::User(trusted) => Ok(uid == trusted),
            Self::Group(group) => is_member(uid, Gid::from_raw(group)),
            Self::Any => Ok(true),
        }
    }

    pub(crate) fn describe(self) -> String {
        match self {
            Self::ThisUserOrRoot => "only this user and root are trusted".to_owned(),
            Self::User(uid) => format!("only user {uid} is trusted"),
            Self::Group(gid) => format!("only members of group {gid} are trusted"),
            Self::Any => "any user is trusted".to_owned(),
        }
    }
}

impl FromStr for Owner {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "any" {
            return Ok(Self::Any);
        }
        match text.strip_prefix("group:") {
            Some(group) => {
                number(group).map_or_else(|| Self::group(group), |id| Ok(Self::Group(id)))
            }
            None => number(text).map_or_else(|| Self::user_name(text), |id| Ok(Self::User(id))),
        }
    }
}

/// Parses an ID, which is digits only; otherwise it is a name.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Whether a user is a member of a group. A user without a name is a member of none.
fn is_member(uid: u32, group: Gid) -> Result<bool, Error> {
    let id = uid.to_string();
    let Some(user) = found(User::from_uid(Uid::from_raw(uid)), "look up the user", &id)? else {
        return Ok(false);
    };
    let name = CString::new(user.name).unwrap_or_default();
    let groups = getgrouplist(&name, user.gid).map(Some);
    let groups = found(groups, "look up the groups of user", &id)?;
    Ok(groups.is_some_and(|groups| groups.contains(&group)))
}

/// Turns the errors by which a system says that there is no such entry into `None`: see getpwnam_r(3).
fn found<T>(
    result: Result<Option<T>, Errno>,
    what: &'static str,
    name: &str,
) -> Result<Option<T>, Error> {
    match result {
        Err(Errno::ENOENT | Errno::ESRCH | Errno::EBADF | Errno::EPERM) => Ok(None),
        result => {
            result.map_err(|error| Error::System { what, path: name.into(), error: error.into() })
        }
    }
}
