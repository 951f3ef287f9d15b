# rustc 1.95.0 (59807616e 2026-04-14)

count_read_16:
    movl (%rsi), %eax
    testb $1, %al
    jne .L1
    movq (%rdx), %rcx
    movq 8(%rdx), %r8
    #MEMBARRIER
    movl (%rsi), %r9d
    cmpl %eax, %r9d
    jne .L1
    movq %rcx, (%rdi)
    movq %r8, 8(%rdi)
    movq %rdi, %rax
    retq
.L1:
    pushq %rbx
    movq %rdi, %rbx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

count_write_16:
    incl (%rdi)
    #MEMBARRIER
    movq %rdx, (%rsi)
    movq %rdx, 8(%rsi)
    incl (%rdi)
    retq

latch_read_64:
    movq %rdi, %rax
    leaq 16(%rsi), %rcx
.L1:
    movq (%rsi), %rdx
    movl %edx, %edi
    andl $1, %edi
    shll $6, %edi
    leaq (%rcx,%rdi), %r8
    movdqu (%r8), %xmm0
    leaq (%rcx,%rdi), %r8
    addq $16, %r8
    movdqu (%r8), %xmm1
    leaq 32(%rcx,%rdi), %r8
    movdqu (%r8), %xmm2
    leaq 48(%rcx,%rdi), %rdi
    movdqu (%rdi), %xmm3
    #MEMBARRIER
    movq (%rsi), %rdi
    cmpq %rdx, %rdi
    jne .L1
    movups %xmm0, (%rax)
    movups %xmm1, 16(%rax)
    movups %xmm2, 32(%rax)
    movups %xmm3, 48(%rax)
    retq

read_4096:
    xorl %edx, %edx
    jmpq *read_in_place@GOTPCREL(%rip)

read_64:
    movq (%rsi), %rax
    testb $1, %al
    jne .L1
    leaq 16(%rsi), %rcx
    movdqu (%rcx), %xmm0
    leaq 32(%rsi), %rcx
    movdqu (%rcx), %xmm1
    leaq 48(%rsi), %rcx
    movdqu (%rcx), %xmm2
    leaq 64(%rsi), %rcx
    movdqu (%rcx), %xmm3
    #MEMBARRIER
    movq (%rsi), %rcx
    cmpq %rax, %rcx
    jne .L1
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    movq %rdi, %rax
    retq
.L1:
    pushq %rbx
    movq %rdi, %rbx
    xorl %edx, %edx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

read_8:
    movq (%rdi), %rcx
    testb $1, %cl
    jne .L1
    leaq 16(%rdi), %rdx
    movq (%rdx), %rax
    #MEMBARRIER
    movq (%rdi), %rdx
    cmpq %rcx, %rdx
    jne .L1
    retq
.L1:
    xorl %esi, %esi
    jmpq *read_contended@GOTPCREL(%rip)

read_field_of_4096:
    subq $24, %rsp
    movq $4088, 8(%rsp)
    leaq 16(%rdi), %rax
    movq %rax, 16(%rsp)
    movq (%rdi), %rcx
    testb $1, %cl
    jne .L1
    leaq 4104(%rdi), %rdx
    movq (%rdx), %rax
    #MEMBARRIER
    movq (%rdi), %rdx
    cmpq %rcx, %rdx
    jne .L1
    addq $24, %rsp
    retq
.L1:
    leaq 8(%rsp), %rdx
    leaq 16(%rsp), %rcx
    xorl %esi, %esi
    callq *consistent_at_last@GOTPCREL(%rip)
    addq $24, %rsp
    retq

read_if_changed_8:
    movq (%rdi), %rax
    andq $-2, %rax
    cmpq (%rsi), %rax
    jne .L1
    xorl %eax, %eax
    movq %rcx, %rdx
    retq
.L1:
    movq (%rdi), %rdx
    testb $1, %dl
    jne .L2
    leaq 16(%rdi), %rax
    movq (%rax), %rcx
    #MEMBARRIER
    movq (%rdi), %rax
    cmpq %rdx, %rax
    jne .L2
    movq %rdx, (%rsi)
    movl $1, %eax
    movq %rcx, %rdx
    retq
.L2:
    pushq %rbx
    movq %rsi, %rbx
    xorl %esi, %esi
    callq *read_versioned_contended@GOTPCREL(%rip)
    movq %rbx, %rsi
    movq %rax, %rcx
    popq %rbx
    movq %rdx, (%rsi)
    movl $1, %eax
    movq %rcx, %rdx
    retq

read_into_4096:
    pushq %r15
    pushq %r14
    pushq %rbx
    movq %rsi, %rbx
    movq %rdi, %r14
    movq (%rdi), %r15
    testb $1, %r15b
    jne .L1
    leaq 16(%r14), %rsi
    movl $4096, %edx
    movq %rbx, %rdi
    callq memcpy
    #MEMBARRIER
    movq (%r14), %rax
    cmpq %r15, %rax
    jne .L1
    popq %rbx
    popq %r14
    popq %r15
    retq
.L1:
    movq %r14, %rdi
    xorl %esi, %esi
    movq %rbx, %rdx
    popq %rbx
    popq %r14
    popq %r15
    jmpq *fill_contended@GOTPCREL(%rip)

read_into_64:
    movq %rsi, %rdx
    movq (%rdi), %rax
    testb $1, %al
    jne .L1
    leaq 16(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, (%rdx)
    leaq 32(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, 16(%rdx)
    leaq 48(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, 32(%rdx)
    leaq 64(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, 48(%rdx)
    #MEMBARRIER
    movq (%rdi), %rcx
    cmpq %rax, %rcx
    jne .L1
    retq
.L1:
    xorl %esi, %esi
    jmpq *fill_contended@GOTPCREL(%rip)

read_odd_12:
    movq (%rsi), %rax
    testb $1, %al
    jne .L1
    leaq 16(%rsi), %rdx
    movq (%rdx), %rcx
    leaq 24(%rsi), %r8
    movl (%r8), %edx
    #MEMBARRIER
    movq (%rsi), %r8
    cmpq %rax, %r8
    jne .L1
    movq %rcx, (%rdi)
    movl %edx, 8(%rdi)
    movq %rdi, %rax
    retq
.L1:
    pushq %rbx
    movq %rdi, %rbx
    xorl %edx, %edx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

reader_read_64:
    movq (%rsi), %rax
    testb $1, %al
    jne .L1
    leaq 16(%rsi), %rcx
    movdqu (%rcx), %xmm0
    leaq 32(%rsi), %rcx
    movdqu (%rcx), %xmm1
    leaq 48(%rsi), %rcx
    movdqu (%rcx), %xmm2
    leaq 64(%rsi), %rcx
    movdqu (%rcx), %xmm3
    #MEMBARRIER
    movq (%rsi), %rcx
    cmpq %rax, %rcx
    jne .L1
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    movq %rdi, %rax
    retq
.L1:
    pushq %rbx
    movq %rdi, %rbx
    movl $1, %edx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

set_64:
    pushq %r15
    pushq %r14
    pushq %rbx
    leaq 12(%rdi), %rbx
    movb $1, %cl
    xorl %eax, %eax
    lock cmpxchgb %cl, 12(%rdi)
    jne .L3
.L1:
    incq (%rdi)
    #MEMBARRIER
    leaq 16(%rdi), %rax
    movups (%rsi), %xmm0
    movdqu %xmm0, (%rax)
    leaq 32(%rdi), %rax
    movups 16(%rsi), %xmm0
    movdqu %xmm0, (%rax)
    leaq 48(%rdi), %rax
    movups 32(%rsi), %xmm0
    movdqu %xmm0, (%rax)
    leaq 64(%rdi), %rax
    movups 48(%rsi), %xmm0
    movdqu %xmm0, (%rax)
    incq (%rdi)
    movl 8(%rdi), %esi
    testb $1, %sil
    jne .L4
.L2:
    movb $-1, %al
    lock xaddb %al, (%rbx)
    testb $2, %al
    jne .L5
    popq %rbx
    popq %r14
    popq %r15
    retq
.L3:
    movq %rdi, %r14
    movq %rbx, %rdi
    movl $1000000000, %edx
    movq %rsi, %r15
    callq *lock_slow@GOTPCREL(%rip)
    movq %r15, %rsi
    movq %r14, %rdi
    testb %al, %al
    jne .L1
    leaq .Lanon.089f470416250151261c229c75d51732.1(%rip), %rdi
    callq *_RNvNtCsgEmfK2I1SDS_4core6option13unwrap_failed@GOTPCREL(%rip)
.L4:
    addq $8, %rdi
    callq *wake_all@GOTPCREL(%rip)
    jmp .L2
.L5:
    movq %rbx, %rdi
    popq %rbx
    popq %r14
    popq %r15
    jmpq *unlock_slow@GOTPCREL(%rip)
.L6:
    movq %rax, %r14
    movb $-1, %al
    lock xaddb %al, (%rbx)
    testb $2, %al
    jne .L8
.L7:
    movq %r14, %rdi
    callq _Unwind_Resume@PLT
.L8:
    movq %rbx, %rdi
    callq *unlock_slow@GOTPCREL(%rip)
    jmp .L7
.L9:
    callq *_RNvNtCsgEmfK2I1SDS_4core9panicking16panic_in_cleanup@GOTPCREL(%rip)

set_8:
    pushq %r15
    pushq %r14
    pushq %rbx
    leaq 12(%rdi), %rbx
    movb $1, %cl
    xorl %eax, %eax
    lock cmpxchgb %cl, 12(%rdi)
    jne .L3
.L1:
    incq (%rdi)
    #MEMBARRIER
    leaq 16(%rdi), %rax
    movq %rsi, (%rax)
    incq (%rdi)
    movl 8(%rdi), %esi
    testb $1, %sil
    jne .L4
.L2:
    movb $-1, %al
    lock xaddb %al, (%rbx)
    testb $2, %al
    jne .L5
    popq %rbx
    popq %r14
    popq %r15
    retq
.L3:
    movq %rdi, %r14
    movq %rbx, %rdi
    movl $1000000000, %edx
    movq %rsi, %r15
    callq *lock_slow@GOTPCREL(%rip)
    movq %r15, %rsi
    movq %r14, %rdi
    testb %al, %al
    jne .L1
    leaq .Lanon.089f470416250151261c229c75d51732.1(%rip), %rdi
    callq *_RNvNtCsgEmfK2I1SDS_4core6option13unwrap_failed@GOTPCREL(%rip)
.L4:
    addq $8, %rdi
    callq *wake_all@GOTPCREL(%rip)
    jmp .L2
.L5:
    movq %rbx, %rdi
    popq %rbx
    popq %r14
    popq %r15
    jmpq *unlock_slow@GOTPCREL(%rip)
.L6:
    movq %rax, %r14
    movb $-1, %al
    lock xaddb %al, (%rbx)
    testb $2, %al
    jne .L8
.L7:
    movq %r14, %rdi
    callq _Unwind_Resume@PLT
.L8:
    movq %rbx, %rdi
    callq *unlock_slow@GOTPCREL(%rip)
    jmp .L7
.L9:
    callq *_RNvNtCsgEmfK2I1SDS_4core9panicking16panic_in_cleanup@GOTPCREL(%rip)

try_read_8:
    movq (%rdi), %rcx
    testb $1, %cl
    jne .L1
    leaq 16(%rdi), %rax
    movq (%rax), %rdx
    #MEMBARRIER
    movq (%rdi), %rsi
    xorl %eax, %eax
    cmpq %rcx, %rsi
    sete %al
    retq
.L1:
    xorl %eax, %eax
    retq

writer_set_64:
    movq (%rdi), %rax
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    incq (%rax)
    #MEMBARRIER
    leaq 16(%rax), %rcx
    movdqu %xmm0, (%rcx)
    leaq 32(%rax), %rcx
    movdqu %xmm1, (%rcx)
    leaq 48(%rax), %rcx
    movdqu %xmm2, (%rcx)
    leaq 64(%rax), %rcx
    movdqu %xmm3, (%rcx)
    incq (%rax)
    retq
