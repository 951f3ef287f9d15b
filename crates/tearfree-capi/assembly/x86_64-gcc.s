# gcc (Debian 12.2.0-14+deb12u1) 12.2.0
ours_read:
	pushq	%r13
	leaq	8(%rdi), %r13
	pushq	%r12
	movq	%rdi, %r12
	pushq	%rbp
	movq	%rsi, %rbp
	pushq	%rbx
	leaq	16(%rdi), %rbx
	subq	$8, %rsp
	jmp	L
	movq	(%r12), %rdx
	movq	%rdx, 0(%rbp)
	movq	0(%r13), %rdx
	movq	%rdx, 8(%rbp)
	movl	(%rbx), %edx
	cmpl	%eax, %edx
	je	L
	movl	(%rbx), %eax
	testb	$1, %al
	je	L
	movq	%rbx, %rdi
	call	tearfree_seqcount_wait@PLT
	jmp	L
	addq	$8, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	popq	%r13
	ret
ours_write:
	movl	16(%rdi), %eax
	addl	$1, %eax
	movl	%eax, 16(%rdi)
	movq	%rsi, (%rdi)
	movq	%rdx, 8(%rdi)
	movl	16(%rdi), %eax
	addl	$1, %eax
	movl	%eax, 16(%rdi)
	ret
ours_read_latch:
	leaq	24(%rdi), %rcx
	movl	(%rcx), %edx
	movl	%edx, %eax
	andl	$1, %eax
	addq	$2, %rax
	salq	$4, %rax
	movq	(%rdi,%rax), %r8
	movq	%r8, (%rsi)
	movq	8(%rdi,%rax), %rax
	movq	%rax, 8(%rsi)
	movl	(%rcx), %eax
	cmpl	%eax, %edx
	jne	L
	ret
