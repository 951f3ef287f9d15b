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
    movq 128(%rsi), %rax
    movl %eax, %ecx
    andl $1, %ecx
    shll $6, %ecx
    leaq (%rsi,%rcx), %rdx
    movdqu (%rdx), %xmm0
    leaq (%rsi,%rcx), %rdx
    addq $16, %rdx
    movdqu (%rdx), %xmm1
    leaq 32(%rsi,%rcx), %rdx
    movdqu (%rdx), %xmm2
    leaq 48(%rsi,%rcx), %rcx
    movdqu (%rcx), %xmm3
    #MEMBARRIER
    movq 128(%rsi), %rcx
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
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

read_4096:
    jmpq *read_in_place@GOTPCREL(%rip)

read_64:
    movq 64(%rsi), %rax
    testb $1, %al
    jne .L1
    movdqu (%rsi), %xmm0
    leaq 16(%rsi), %rcx
    movdqu (%rcx), %xmm1
    leaq 32(%rsi), %rcx
    movdqu (%rcx), %xmm2
    leaq 48(%rsi), %rcx
    movdqu (%rcx), %xmm3
    #MEMBARRIER
    movq 64(%rsi), %rcx
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
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

read_8:
    movq 8(%rdi), %rcx
    testb $1, %cl
    jne .L1
    movq (%rdi), %rax
    #MEMBARRIER
    movq 8(%rdi), %rdx
    cmpq %rcx, %rdx
    jne .L1
    retq
.L1:
    jmpq *read_contended@GOTPCREL(%rip)

read_field_of_4096:
    movq 4096(%rdi), %rcx
    testb $1, %cl
    jne .L1
    leaq 4088(%rdi), %rdx
    movq (%rdx), %rax
    #MEMBARRIER
    movq 4096(%rdi), %rdx
    cmpq %rcx, %rdx
    jne .L1
    retq
.L1:
    pushq %rax
    movl $4088, %esi
    callq *read_fields_contended@GOTPCREL(%rip)
    addq $8, %rsp
    retq

read_if_changed_8:
    movq 8(%rdi), %rax
    andq $-2, %rax
    cmpq (%rsi), %rax
    jne .L1
    xorl %eax, %eax
    movq %rcx, %rdx
    retq
.L1:
    movq 8(%rdi), %rdx
    testb $1, %dl
    jne .L2
    movq (%rdi), %rcx
    #MEMBARRIER
    movq 8(%rdi), %rax
    cmpq %rdx, %rax
    jne .L2
    movq %rdx, (%rsi)
    movl $1, %eax
    movq %rcx, %rdx
    retq
.L2:
    pushq %rbx
    movq %rsi, %rbx
    callq *read_versioned_contended@GOTPCREL(%rip)
    movq %rbx, %rsi
    movq %rax, %rcx
    popq %rbx
    movq %rdx, (%rsi)
    movl $1, %eax
    movq %rcx, %rdx
    retq

read_in_place:
    pushq %r15
    pushq %r14
    pushq %rbx
    movq %rsi, %r14
    movq %rdi, %rbx
    movq 4096(%rsi), %r15
    testb $1, %r15b
    jne .L2
    movl $4096, %edx
    movq %rbx, %rdi
    movq %r14, %rsi
    callq *memcpy_to_result@GOTPCREL(%rip)
    #MEMBARRIER
    movq 4096(%r14), %rax
    cmpq %r15, %rax
    jne .L2
.L1:
    movq %rbx, %rax
    popq %rbx
    popq %r14
    popq %r15
    retq
.L2:
    movq %rbx, %rdi
    movq %r14, %rsi
    callq *read_in_place_contended@GOTPCREL(%rip)
    jmp .L1

read_into_4096:
    pushq %r15
    pushq %r14
    pushq %rbx
    movq %rsi, %rbx
    movq %rdi, %r14
    movq 4096(%rdi), %r15
    testb $1, %r15b
    jne .L1
    movl $4096, %edx
    movq %rbx, %rdi
    movq %r14, %rsi
    callq memcpy
    #MEMBARRIER
    movq 4096(%r14), %rax
    cmpq %r15, %rax
    jne .L1
    popq %rbx
    popq %r14
    popq %r15
    retq
.L1:
    movq %r14, %rdi
    movq %rbx, %rsi
    popq %rbx
    popq %r14
    popq %r15
    jmpq *fill_contended@GOTPCREL(%rip)

read_into_64:
    movq 64(%rdi), %rax
    testb $1, %al
    jne .L1
    movdqu (%rdi), %xmm0
    movups %xmm0, (%rsi)
    leaq 16(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, 16(%rsi)
    leaq 32(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, 32(%rsi)
    leaq 48(%rdi), %rcx
    movdqu (%rcx), %xmm0
    movups %xmm0, 48(%rsi)
    #MEMBARRIER
    movq 64(%rdi), %rcx
    cmpq %rax, %rcx
    jne .L1
    retq
.L1:
    jmpq *fill_contended@GOTPCREL(%rip)

read_odd_12:
    movq 16(%rsi), %rax
    testb $1, %al
    jne .L1
    movq (%rsi), %rcx
    leaq 8(%rsi), %r8
    movl (%r8), %edx
    #MEMBARRIER
    movq 16(%rsi), %r8
    cmpq %rax, %r8
    jne .L1
    movq %rcx, (%rdi)
    movl %edx, 8(%rdi)
    movq %rdi, %rax
    retq
.L1:
    pushq %rbx
    movq %rdi, %rbx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

set_64:
    pushq %r14
    pushq %rbx
    subq $72, %rsp
    movups (%rsi), %xmm3
    movups 16(%rsi), %xmm2
    movups 32(%rsi), %xmm1
    movups 48(%rsi), %xmm0
    leaq 76(%rdi), %rbx
    movb $1, %cl
    xorl %eax, %eax
    lock cmpxchgb %cl, 76(%rdi)
    jne .L3
.L1:
    incq 64(%rdi)
    #MEMBARRIER
    movdqu %xmm3, (%rdi)
    leaq 16(%rdi), %rax
    movdqu %xmm2, (%rax)
    leaq 32(%rdi), %rax
    movdqu %xmm1, (%rax)
    leaq 48(%rdi), %rax
    movdqu %xmm0, (%rax)
    incq 64(%rdi)
    #MEMBARRIER
    movl 72(%rdi), %esi
    testb $3, %sil
    jne .L4
.L2:
    xorl %ecx, %ecx
    movb $1, %al
    lock cmpxchgb %cl, (%rbx)
    jne .L5
    addq $72, %rsp
    popq %rbx
    popq %r14
    retq
.L3:
    movq %rdi, %r14
    movq %rbx, %rdi
    movl $1000000000, %edx
    movaps %xmm0, 48(%rsp)
    movaps %xmm1, 32(%rsp)
    movaps %xmm2, 16(%rsp)
    movaps %xmm3, (%rsp)
    callq *lock_slow@GOTPCREL(%rip)
    movaps (%rsp), %xmm3
    movaps 16(%rsp), %xmm2
    movaps 32(%rsp), %xmm1
    movaps 48(%rsp), %xmm0
    movq %r14, %rdi
    jmp .L1
.L4:
    addq $72, %rdi
    callq *wake_all@GOTPCREL(%rip)
    jmp .L2
.L5:
    movq %rbx, %rdi
    xorl %esi, %esi
    addq $72, %rsp
    popq %rbx
    popq %r14
    jmpq *unlock_slow@GOTPCREL(%rip)
.L6:
    movq %rax, %r14
    xorl %ecx, %ecx
    movb $1, %al
    lock cmpxchgb %cl, (%rbx)
    jne .L8
.L7:
    movq %r14, %rdi
    callq _Unwind_Resume@PLT
.L8:
    movq %rbx, %rdi
    xorl %esi, %esi
    callq *unlock_slow@GOTPCREL(%rip)
    jmp .L7
.L9:
    callq *_RNvNtCsgEmfK2I1SDS_4core9panicking16panic_in_cleanup@GOTPCREL(%rip)

set_8:
    pushq %r15
    pushq %r14
    pushq %rbx
    leaq 20(%rdi), %rbx
    movb $1, %cl
    xorl %eax, %eax
    lock cmpxchgb %cl, 20(%rdi)
    jne .L3
.L1:
    incq 8(%rdi)
    #MEMBARRIER
    movq %rsi, (%rdi)
    incq 8(%rdi)
    #MEMBARRIER
    movl 16(%rdi), %esi
    testb $3, %sil
    jne .L4
.L2:
    xorl %ecx, %ecx
    movb $1, %al
    lock cmpxchgb %cl, (%rbx)
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
    jmp .L1
.L4:
    addq $16, %rdi
    callq *wake_all@GOTPCREL(%rip)
    jmp .L2
.L5:
    movq %rbx, %rdi
    xorl %esi, %esi
    popq %rbx
    popq %r14
    popq %r15
    jmpq *unlock_slow@GOTPCREL(%rip)
.L6:
    movq %rax, %r14
    xorl %ecx, %ecx
    movb $1, %al
    lock cmpxchgb %cl, (%rbx)
    jne .L8
.L7:
    movq %r14, %rdi
    callq _Unwind_Resume@PLT
.L8:
    movq %rbx, %rdi
    xorl %esi, %esi
    callq *unlock_slow@GOTPCREL(%rip)
    jmp .L7
.L9:
    callq *_RNvNtCsgEmfK2I1SDS_4core9panicking16panic_in_cleanup@GOTPCREL(%rip)

try_read_8:
    movq 8(%rdi), %rcx
    testb $1, %cl
    je .L1
    xorl %eax, %eax
    retq
.L1:
    movq (%rdi), %rdx
    #MEMBARRIER
    movq 8(%rdi), %rsi
    xorl %eax, %eax
    cmpq %rcx, %rsi
    sete %al
    retq

writer_set_64:
    movq (%rdi), %rdi
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    incq 64(%rdi)
    #MEMBARRIER
    movdqu %xmm0, (%rdi)
    leaq 16(%rdi), %rax
    movdqu %xmm1, (%rax)
    leaq 32(%rdi), %rax
    movdqu %xmm2, (%rax)
    leaq 48(%rdi), %rax
    movdqu %xmm3, (%rax)
    incq 64(%rdi)
    #MEMBARRIER
    movl 72(%rdi), %esi
    testb $3, %sil
    jne .L1
    retq
.L1:
    addq $72, %rdi
    jmpq *wake_all@GOTPCREL(%rip)
