# rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)

count_read_16:
    ldar w9, [x0]
    tbnz w9, #0, .L1
    ldr x10, [x1]
    ldr x11, [x1, #8]
    dmb ishld
    ldr w12, [x0]
    cmp w12, w9
    b.ne .L1
    stp x10, x11, [x8]
    ret
.L1:
    b read_contended

count_write_16:
    ldr w8, [x0]
    add w8, w8, #1
    stlr w8, [x0]
    dmb ish
    str x2, [x1]
    str x2, [x1, #8]
    ldr w8, [x0]
    add w8, w8, #1
    stlr w8, [x0]
    ret

latch_read_64:
    add x9, x0, #128
    ldar x9, [x9]
    and x10, x9, #0x1
    add x10, x0, x10, lsl #6
    ldp q1, q0, [x10]
    ldp q3, q2, [x10, #32]
    dmb ishld
    ldr x10, [x0, #128]
    cmp x10, x9
    b.ne .L1
    stp q1, q0, [x8]
    stp q3, q2, [x8, #32]
    ret
.L1:
    sub sp, sp, #96
    stp x29, x30, [sp, #64]
    str x19, [sp, #80]
    add x29, sp, #64
    mov x19, x8
    mov x8, sp
    bl read_contended
    ldp q1, q0, [sp]
    mov x8, x19
    ldp q3, q2, [sp, #32]
    ldp x29, x30, [sp, #64]
    ldr x19, [sp, #80]
    add sp, sp, #96
    stp q1, q0, [x8]
    stp q3, q2, [x8, #32]
    ret

read_4096:
    mov x1, x8
    b read_in_place

read_48:
    add x9, x0, #48
    ldar x9, [x9]
    tbnz w9, #0, .L1
    ldr q0, [x0]
    add x10, x0, #16
    ldr q1, [x10]
    add x10, x0, #32
    ldr q2, [x10]
    dmb ishld
    ldr x10, [x0, #48]
    cmp x10, x9
    b.ne .L1
    stp q0, q1, [x8]
    str q2, [x8, #32]
    ret
.L1:
    sub sp, sp, #80
    stp x29, x30, [sp, #48]
    str x19, [sp, #64]
    add x29, sp, #48
    mov x19, x8
    mov x8, sp
    bl read_contended
    ldp q0, q1, [sp]
    mov x8, x19
    ldr q2, [sp, #32]
    ldp x29, x30, [sp, #48]
    ldr x19, [sp, #64]
    add sp, sp, #80
    stp q0, q1, [x8]
    str q2, [x8, #32]
    ret

read_64:
    add x9, x0, #64
    ldar x9, [x9]
    tbnz w9, #0, .L1
    ldp q1, q0, [x0]
    ldp q3, q2, [x0, #32]
    dmb ishld
    ldr x10, [x0, #64]
    cmp x10, x9
    b.ne .L1
    stp q1, q0, [x8]
    stp q3, q2, [x8, #32]
    ret
.L1:
    sub sp, sp, #96
    stp x29, x30, [sp, #64]
    str x19, [sp, #80]
    add x29, sp, #64
    mov x19, x8
    mov x8, sp
    bl read_contended
    ldp q1, q0, [sp]
    mov x8, x19
    ldp q3, q2, [sp, #32]
    ldp x29, x30, [sp, #64]
    ldr x19, [sp, #80]
    add sp, sp, #96
    stp q1, q0, [x8]
    stp q3, q2, [x8, #32]
    ret

read_8:
    add x8, x0, #8
    ldar x9, [x8]
    tbnz w9, #0, .L1
    ldr x8, [x0]
    dmb ishld
    ldr x10, [x0, #8]
    cmp x10, x9
    b.ne .L1
    mov x0, x8
    ret
.L1:
    b read_contended

read_field_of_4096:
    add x8, x0, #1, lsl #12
    ldar x9, [x8]
    tbnz w9, #0, .L1
    add x10, x0, #4088
    ldr x8, [x10]
    dmb ishld
    ldr x10, [x0, #4096]
    cmp x10, x9
    b.ne .L1
    mov x0, x8
    ret
.L1:
    mov w1, #4088
    b read_fields_contended

read_if_changed_8:
    add x8, x0, #8
    ldar x9, [x8]
    ldr x10, [x1]
    and x9, x9, #0xfffffffffffffffe
    cmp x9, x10
    b.ne .L1
    mov x0, xzr
    mov x1, x8
    ret
.L1:
    ldar x9, [x8]
    tbnz w9, #0, .L2
    ldr x8, [x0]
    dmb ishld
    ldr x10, [x0, #8]
    cmp x10, x9
    b.ne .L2
    str x9, [x1]
    mov w0, #1
    mov x1, x8
    ret
.L2:
    stp x29, x30, [sp, #-32]!
    str x19, [sp, #16]
    mov x29, sp
    mov x19, x1
    bl read_versioned_contended
    mov x8, x0
    mov x9, x1
    mov x1, x19
    ldr x19, [sp, #16]
    ldp x29, x30, [sp], #32
    str x9, [x1]
    mov w0, #1
    mov x1, x8
    ret

read_in_place:
    stp d15, d14, [sp, #-112]!
    stp d13, d12, [sp, #16]
    stp d11, d10, [sp, #32]
    stp d9, d8, [sp, #48]
    stp x29, x30, [sp, #64]
    str x21, [sp, #80]
    stp x20, x19, [sp, #96]
    add x29, sp, #64
    add x8, x0, #1, lsl #12
    mov x19, x0
    mov x20, x1
    ldar x21, [x8]
    tbnz w21, #0, .L1
    mov x1, x19
    mov x0, x20
    mov w2, #4096
    bl memcpy
    dmb ishld
    ldr x8, [x19, #4096]
    cmp x8, x21
    b.ne .L1
    ldp x20, x19, [sp, #96]
    ldr x21, [sp, #80]
    ldp x29, x30, [sp, #64]
    ldp d9, d8, [sp, #48]
    ldp d11, d10, [sp, #32]
    ldp d13, d12, [sp, #16]
    ldp d15, d14, [sp], #112
    ret
.L1:
    mov x0, x19
    mov x1, x20
    ldp x20, x19, [sp, #96]
    ldr x21, [sp, #80]
    ldp x29, x30, [sp, #64]
    ldp d9, d8, [sp, #48]
    ldp d11, d10, [sp, #32]
    ldp d13, d12, [sp, #16]
    ldp d15, d14, [sp], #112
    b fill_contended

read_into_2048:
    stp d15, d14, [sp, #-112]!
    stp d13, d12, [sp, #16]
    stp d11, d10, [sp, #32]
    stp d9, d8, [sp, #48]
    stp x29, x30, [sp, #64]
    str x21, [sp, #80]
    stp x20, x19, [sp, #96]
    add x29, sp, #64
    add x8, x0, #2048
    mov x19, x0
    mov x20, x1
    ldar x21, [x8]
    tbnz w21, #0, .L1
    mov x1, x19
    mov x0, x20
    mov w2, #2048
    bl memcpy
    dmb ishld
    ldr x8, [x19, #2048]
    cmp x8, x21
    b.ne .L1
    ldp x20, x19, [sp, #96]
    ldr x21, [sp, #80]
    ldp x29, x30, [sp, #64]
    ldp d9, d8, [sp, #48]
    ldp d11, d10, [sp, #32]
    ldp d13, d12, [sp, #16]
    ldp d15, d14, [sp], #112
    ret
.L1:
    mov x0, x19
    mov x1, x20
    ldp x20, x19, [sp, #96]
    ldr x21, [sp, #80]
    ldp x29, x30, [sp, #64]
    ldp d9, d8, [sp, #48]
    ldp d11, d10, [sp, #32]
    ldp d13, d12, [sp, #16]
    ldp d15, d14, [sp], #112
    b fill_contended

read_into_64:
    add x8, x0, #64
    ldar x8, [x8]
    tbnz w8, #0, .L1
    ldp q0, q1, [x0]
    ldp q2, q3, [x0, #32]
    stp q0, q1, [x1]
    stp q2, q3, [x1, #32]
    dmb ishld
    ldr x9, [x0, #64]
    cmp x9, x8
    b.ne .L1
    ret
.L1:
    b fill_contended

read_odd_12:
    add x9, x0, #16
    ldar x11, [x9]
    tbnz w11, #0, .L1
    ldr x9, [x0]
    add x12, x0, #8
    ldr w10, [x12]
    dmb ishld
    ldr x12, [x0, #16]
    cmp x12, x11
    b.ne .L1
    str x9, [x8]
    str w10, [x8, #8]
    ret
.L1:
    sub sp, sp, #48
    stp x29, x30, [sp, #16]
    str x19, [sp, #32]
    add x29, sp, #16
    mov x19, x8
    mov x8, sp
    bl read_contended
    ldr x9, [sp]
    mov x8, x19
    ldr w10, [sp, #8]
    ldp x29, x30, [sp, #16]
    ldr x19, [sp, #32]
    add sp, sp, #48
    str x9, [x8]
    str w10, [x8, #8]
    ret

set_64:
    sub sp, sp, #96
    stp x29, x30, [sp, #64]
    stp x20, x19, [sp, #80]
    add x29, sp, #64
    ldp q1, q2, [x1]
    mov x19, x0
    stur q1, [x29, #-16]
    ldp q1, q0, [x1, #32]
    add x1, x0, #76
    mov w0, #1
    stp q1, q2, [sp, #16]
    str q0, [sp]
    bl __aarch64_swp1_acq
    cbnz w0, .L3
.L1:
    ldr x8, [x19, #64]
    add x9, x19, #64
    add x8, x8, #1
    stlr x8, [x9]
    dmb ish
    ldur q0, [x29, #-16]
    ldp q2, q1, [sp, #16]
    ldr q3, [sp]
    stp q0, q1, [x19]
    stp q2, q3, [x19, #32]
    ldr x8, [x19, #64]
    add x8, x8, #1
    stlr x8, [x9]
    ldr w1, [x19, #72]
    tst w1, #0x3
    b.ne .L4
.L2:
    add x8, x19, #76
    stlrb wzr, [x8]
    ldrb w8, [x19, #77]
    cbnz w8, .L5
    ldp x20, x19, [sp, #80]
    ldp x29, x30, [sp, #64]
    add sp, sp, #96
    ret
.L3:
    add x0, x19, #76
    mov w1, #1
    bl lock_contended
    b .L1
.L4:
    add x0, x19, #72
    bl wake_all
    b .L2
.L5:
    add x0, x19, #76
    ldp x20, x19, [sp, #80]
    ldp x29, x30, [sp, #64]
    add sp, sp, #96
    b wake_first
.L6:
    add x8, x19, #76
    mov x20, x0
    stlrb wzr, [x8]
    ldrb w8, [x19, #77]
    cbnz w8, .L8
.L7:
    mov x0, x20
    bl _Unwind_Resume
.L8:
    add x0, x19, #76
    bl wake_first
    b .L7
.L9:
    bl _RNvNtCscSuVdRmqwCT_4core9panicking16panic_in_cleanup

set_8:
    stp x29, x30, [sp, #-32]!
    stp x20, x19, [sp, #16]
    mov x29, sp
    mov x20, x1
    mov x19, x0
    add x1, x0, #20
    mov w0, #1
    bl __aarch64_swp1_acq
    cbnz w0, .L3
.L1:
    ldr x8, [x19, #8]
    add x9, x19, #8
    add x8, x8, #1
    stlr x8, [x9]
    dmb ish
    str x20, [x19]
    ldr x8, [x19, #8]
    add x8, x8, #1
    stlr x8, [x9]
    ldr w1, [x19, #16]
    tst w1, #0x3
    b.ne .L4
.L2:
    add x8, x19, #20
    stlrb wzr, [x8]
    ldrb w8, [x19, #21]
    cbnz w8, .L5
    ldp x20, x19, [sp, #16]
    ldp x29, x30, [sp], #32
    ret
.L3:
    add x0, x19, #20
    mov w1, #1
    bl lock_contended
    b .L1
.L4:
    add x0, x19, #16
    bl wake_all
    b .L2
.L5:
    add x0, x19, #20
    ldp x20, x19, [sp, #16]
    ldp x29, x30, [sp], #32
    b wake_first
.L6:
    add x8, x19, #20
    mov x20, x0
    stlrb wzr, [x8]
    ldrb w8, [x19, #21]
    cbnz w8, .L8
.L7:
    mov x0, x20
    bl _Unwind_Resume
.L8:
    add x0, x19, #20
    bl wake_first
    b .L7
.L9:
    bl _RNvNtCscSuVdRmqwCT_4core9panicking16panic_in_cleanup

try_read_8:
    add x8, x0, #8
    ldar x8, [x8]
    tbz w8, #0, .L1
    mov x0, xzr
    ret
.L1:
    ldr x1, [x0]
    dmb ishld
    ldr x9, [x0, #8]
    cmp x9, x8
    cset w0, eq
    ret

writer_set_16k:
    stp d15, d14, [sp, #-96]!
    stp d13, d12, [sp, #16]
    stp d11, d10, [sp, #32]
    stp d9, d8, [sp, #48]
    stp x29, x30, [sp, #64]
    stp x20, x19, [sp, #80]
    add x29, sp, #64
    ldr x19, [x0]
    mov w2, #16384
    ldr x8, [x19, #16384]
    add x20, x19, #4, lsl #12
    mov x0, x19
    add x8, x8, #1
    stlr x8, [x20]
    dmb ish
    bl memcpy
    ldr x8, [x19, #16384]
    add x9, x8, #1
    mov w8, #16392
    stlr x9, [x20]
    ldr w1, [x19, x8]
    tst w1, #0x3
    b.ne .L1
    ldp x20, x19, [sp, #80]
    ldp x29, x30, [sp, #64]
    ldp d9, d8, [sp, #48]
    ldp d11, d10, [sp, #32]
    ldp d13, d12, [sp, #16]
    ldp d15, d14, [sp], #96
    ret
.L1:
    add x0, x19, x8
    ldp x20, x19, [sp, #80]
    ldp x29, x30, [sp, #64]
    ldp d9, d8, [sp, #48]
    ldp d11, d10, [sp, #32]
    ldp d13, d12, [sp, #16]
    ldp d15, d14, [sp], #96
    b wake_all

writer_set_64:
    ldr x8, [x0]
    ldp q0, q1, [x1]
    ldp q2, q3, [x1, #32]
    ldr x9, [x8, #64]
    add x10, x8, #64
    add x9, x9, #1
    stlr x9, [x10]
    dmb ish
    stp q0, q1, [x8]
    stp q2, q3, [x8, #32]
    ldr x9, [x8, #64]
    add x9, x9, #1
    stlr x9, [x10]
    ldr w1, [x8, #72]
    tst w1, #0x3
    b.ne .L1
    ret
.L1:
    add x0, x8, #72
    b wake_all
