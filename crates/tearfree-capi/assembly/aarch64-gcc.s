# aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0
ours_read:
	stp	x29, x30, [sp, -48]!
	mov	x29, sp
	stp	x19, x20, [sp, 16]
	mov	x20, x1
	add	x19, x0, 16
	stp	x21, x22, [sp, 32]
	mov	x21, x0
	add	x22, x0, 8
	b	L
	ldr	x1, [x21]
	str	x1, [x20]
	ldr	x1, [x22]
	str	x1, [x20, 8]
	dmb	ishld
	ldr	w1, [x19]
	cmp	w1, w2
	beq	L
	ldar	w2, [x19]
	tbz	x2, 0, L
	mov	x0, x19
	bl	tearfree_seqcount_wait
	b	L
	ldp	x19, x20, [sp, 16]
	ldp	x21, x22, [sp, 32]
	ldp	x29, x30, [sp], 48
	ret
ours_write:
	add	x3, x0, 16
	ldr	w4, [x3]
	add	w4, w4, 1
	str	w4, [x3]
	dmb	ish
	str	x1, [x0]
	add	x0, x0, 8
	str	x2, [x0]
	ldr	w0, [x3]
	add	w0, w0, 1
	stlr	w0, [x3]
	ret
ours_read_latch:
	add	x4, x0, 24
	ldar	w3, [x4]
	ubfiz	x2, x3, 4, 1
	add	x2, x2, 32
	add	x2, x0, x2
	ldr	x5, [x2]
	add	x2, x2, 8
	str	x5, [x1]
	ldr	x2, [x2]
	str	x2, [x1, 8]
	dmb	ishld
	ldr	w2, [x4]
	cmp	w3, w2
	bne	L
	ret
