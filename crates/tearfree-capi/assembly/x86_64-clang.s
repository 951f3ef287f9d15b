# Debian clang version 14.0.6
ours_read:
	pushq	%r15
	pushq	%r14
	pushq	%rbx
	movq	%rsi, %r14
	movq	%rdi, %rbx
	leaq	16(%rdi), %r15
	movl	(%r15), %eax
	testb	$1, %al
	jne	L
	movq	(%rbx), %rcx
	movq	%rcx, (%r14)
	movq	8(%rbx), %rcx
	movq	%rcx, 8(%r14)
	movl	16(%rbx), %ecx
	cmpl	%eax, %ecx
	jne	L
	jmp	L
	movq	%r15, %rdi
	callq	tearfree_seqcount_wait@PLT
	jmp	L
	popq	%rbx
	popq	%r14
	popq	%r15
	retq
ours_write:
	addl	$1, 16(%rdi)
	movq	%rsi, (%rdi)
	movq	%rdx, 8(%rdi)
	addl	$1, 16(%rdi)
	retq
ours_read_latch:
	movl	24(%rdi), %eax
	movl	%eax, %ecx
	andl	$1, %ecx
	shlq	$4, %rcx
	movq	32(%rdi,%rcx), %rdx
	movq	%rdx, (%rsi)
	movq	40(%rdi,%rcx), %rcx
	movq	%rcx, 8(%rsi)
	movl	24(%rdi), %ecx
	cmpl	%eax, %ecx
	jne	L
	retq
