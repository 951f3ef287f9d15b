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
    movq 128(%rsi), %rcx
    movl %ecx, %edx
    andl $1, %edx
    shll $6, %edx
    addq %rsi, %rdx
    movdqu (%rdx), %xmm2
    movdqu 16(%rdx), %xmm1
    movdqu 32(%rdx), %xmm0
    movdqu 48(%rdx), %xmm3
    #MEMBARRIER
    movq 128(%rsi), %rdx
    cmpq %rcx, %rdx
    jne .L2
.L1:
    movups %xmm2, (%rax)
    movups %xmm1, 16(%rax)
    movups %xmm0, 32(%rax)
    movups %xmm3, 48(%rax)
    retq
.L2:
    pushq %rbx
    subq $64, %rsp
    movq %rsp, %rdi
    movq %rax, %rbx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    movaps (%rsp), %xmm2
    movaps 16(%rsp), %xmm1
    movaps 32(%rsp), %xmm0
    movaps 48(%rsp), %xmm3
    addq $64, %rsp
    popq %rbx
    jmp .L1

read_4096:
    pushq %rbx
    movq %rdi, %rbx
    movq %rsi, %rdi
    movq %rbx, %rsi
    callq *read_in_place@GOTPCREL(%rip)
    movq %rbx, %rax
    popq %rbx
    retq

read_48:
    movq %rdi, %rax
    movq 48(%rsi), %rcx
    testb $1, %cl
    jne .L1
    movdqu (%rsi), %xmm0
    leaq 16(%rsi), %rdx
    movdqu (%rdx), %xmm1
    leaq 32(%rsi), %rdx
    movdqu (%rdx), %xmm2
    #MEMBARRIER
    movq 48(%rsi), %rdx
    cmpq %rcx, %rdx
    jne .L1
    movups %xmm0, (%rax)
    movups %xmm1, 16(%rax)
    movups %xmm2, 32(%rax)
    retq
.L1:
    pushq %rbx
    subq $48, %rsp
    movq %rsp, %rdi
    movq %rax, %rbx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    movaps (%rsp), %xmm0
    movaps 16(%rsp), %xmm1
    movaps 32(%rsp), %xmm2
    addq $48, %rsp
    popq %rbx
    movups %xmm0, (%rax)
    movups %xmm1, 16(%rax)
    movups %xmm2, 32(%rax)
    retq

read_64:
    movq %rdi, %rax
    movq 64(%rsi), %rcx
    testb $1, %cl
    jne .L2
    movdqu (%rsi), %xmm2
    movdqu 16(%rsi), %xmm1
    movdqu 32(%rsi), %xmm0
    movdqu 48(%rsi), %xmm3
    #MEMBARRIER
    movq 64(%rsi), %rdx
    cmpq %rcx, %rdx
    jne .L2
.L1:
    movups %xmm2, (%rax)
    movups %xmm1, 16(%rax)
    movups %xmm0, 32(%rax)
    movups %xmm3, 48(%rax)
    retq
.L2:
    pushq %rbx
    subq $64, %rsp
    movq %rsp, %rdi
    movq %rax, %rbx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    movaps (%rsp), %xmm2
    movaps 16(%rsp), %xmm1
    movaps 32(%rsp), %xmm0
    movaps 48(%rsp), %xmm3
    addq $64, %rsp
    popq %rbx
    jmp .L1

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
    movl $4088, %esi
    jmpq *read_fields_contended@GOTPCREL(%rip)

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

read_into_2048:
    pushq %r15
    pushq %r14
    pushq %rbx
    movq %rsi, %rbx
    movq %rdi, %r14
    movq 2048(%rdi), %r15
    testb $1, %r15b
    jne .L1
    movl $2048, %edx
    movq %rbx, %rdi
    movq %r14, %rsi
    callq memcpy
    #MEMBARRIER
    movq 2048(%r14), %rax
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
    movdqu 16(%rdi), %xmm1
    movdqu 32(%rdi), %xmm2
    movdqu 48(%rdi), %xmm3
    movups %xmm0, (%rsi)
    movups %xmm1, 16(%rsi)
    movups %xmm2, 32(%rsi)
    movups %xmm3, 48(%rsi)
    #MEMBARRIER
    movq 64(%rdi), %rcx
    cmpq %rax, %rcx
    jne .L1
    retq
.L1:
    jmpq *fill_contended@GOTPCREL(%rip)

read_odd_12:
    movq %rdi, %rax
    movq 16(%rsi), %rdi
    testb $1, %dil
    jne .L1
    movq (%rsi), %rcx
    leaq 8(%rsi), %r8
    movl (%r8), %edx
    #MEMBARRIER
    movq 16(%rsi), %r8
    cmpq %rdi, %r8
    jne .L1
    movq %rcx, (%rax)
    movl %edx, 8(%rax)
    retq
.L1:
    pushq %rbx
    subq $16, %rsp
    movq %rsp, %rdi
    movq %rax, %rbx
    callq *read_contended@GOTPCREL(%rip)
    movq %rbx, %rax
    movq (%rsp), %rcx
    movl 8(%rsp), %edx
    addq $16, %rsp
    popq %rbx
    movq %rcx, (%rax)
    movl %edx, 8(%rax)
    retq

set_64:
    pushq %r15
    pushq %r14
    pushq %rbx
    subq $64, %rsp
    movq %rdi, %r14
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    leaq 76(%rdi), %rbx
    movb $1, %al
    xchgb %al, 76(%rdi)
    testb %al, %al
    jne .L3
.L1:
    incq 64(%r14)
    #MEMBARRIER
    movdqu %xmm0, (%r14)
    movdqu %xmm1, 16(%r14)
    movdqu %xmm2, 32(%r14)
    movdqu %xmm3, 48(%r14)
    incq 64(%r14)
    #MEMBARRIER
    movl 72(%r14), %esi
    testb $3, %sil
    jne .L4
.L2:
    movb $0, 76(%r14)
    #MEMBARRIER
    movzbl 77(%r14), %eax
    testb %al, %al
    jne .L5
    addq $64, %rsp
    popq %rbx
    popq %r14
    popq %r15
    retq
.L3:
    movq %rbx, %rdi
    movl $1, %esi
    movaps %xmm0, 48(%rsp)
    movaps %xmm1, 32(%rsp)
    movaps %xmm2, 16(%rsp)
    movaps %xmm3, (%rsp)
    callq *lock_contended@GOTPCREL(%rip)
    movaps (%rsp), %xmm3
    movaps 16(%rsp), %xmm2
    movaps 32(%rsp), %xmm1
    movaps 48(%rsp), %xmm0
    jmp .L1
.L4:
    leaq 72(%r14), %rdi
    callq *wake_all@GOTPCREL(%rip)
    jmp .L2
.L5:
    movq %rbx, %rdi
    addq $64, %rsp
    popq %rbx
    popq %r14
    popq %r15
    jmpq *wake_first@GOTPCREL(%rip)
.L6:
    movq %rax, %r15
    movb $0, 76(%r14)
    #MEMBARRIER
    movzbl 77(%r14), %eax
    testb %al, %al
    jne .L8
.L7:
    movq %r15, %rdi
    callq _Unwind_Resume@PLT
.L8:
    movq %rbx, %rdi
    callq *wake_first@GOTPCREL(%rip)
    jmp .L7
.L9:
    callq *_RNvNtCsgEmfK2I1SDS_4core9panicking16panic_in_cleanup@GOTPCREL(%rip)

set_8:
    pushq %r15
    pushq %r14
    pushq %rbx
    movq %rdi, %r14
    leaq 20(%rdi), %rbx
    movb $1, %al
    xchgb %al, 20(%rdi)
    testb %al, %al
    jne .L3
.L1:
    incq 8(%r14)
    #MEMBARRIER
    movq %rsi, (%r14)
    incq 8(%r14)
    #MEMBARRIER
    movl 16(%r14), %esi
    testb $3, %sil
    jne .L4
.L2:
    movb $0, 20(%r14)
    #MEMBARRIER
    movzbl 21(%r14), %eax
    testb %al, %al
    jne .L5
    popq %rbx
    popq %r14
    popq %r15
    retq
.L3:
    movq %rbx, %rdi
    movq %rsi, %r15
    movl $1, %esi
    callq *lock_contended@GOTPCREL(%rip)
    movq %r15, %rsi
    jmp .L1
.L4:
    leaq 16(%r14), %rdi
    callq *wake_all@GOTPCREL(%rip)
    jmp .L2
.L5:
    movq %rbx, %rdi
    popq %rbx
    popq %r14
    popq %r15
    jmpq *wake_first@GOTPCREL(%rip)
.L6:
    movq %rax, %r15
    movb $0, 20(%r14)
    #MEMBARRIER
    movzbl 21(%r14), %eax
    testb %al, %al
    jne .L8
.L7:
    movq %r15, %rdi
    callq _Unwind_Resume@PLT
.L8:
    movq %rbx, %rdi
    callq *wake_first@GOTPCREL(%rip)
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

writer_set_16k:
    pushq %rbx
    movq (%rdi), %rbx
    incq 16384(%rbx)
    #MEMBARRIER
    sfence
    movl $16384, %edx
    movq %rbx, %rdi
    callq memcpy
    incq 16384(%rbx)
    #MEMBARRIER
    movl 16392(%rbx), %esi
    testb $3, %sil
    jne .L1
    popq %rbx
    retq
.L1:
    addq $16392, %rbx
    movq %rbx, %rdi
    popq %rbx
    jmpq *wake_all@GOTPCREL(%rip)

writer_set_64:
    movq (%rdi), %rdi
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    incq 64(%rdi)
    #MEMBARRIER
    movdqu %xmm0, (%rdi)
    movdqu %xmm1, 16(%rdi)
    movdqu %xmm2, 32(%rdi)
    movdqu %xmm3, 48(%rdi)
    incq 64(%rdi)
    #MEMBARRIER
    movl 72(%rdi), %esi
    testb $3, %sil
    jne .L1
    retq
.L1:
    addq $72, %rdi
    jmpq *wake_all@GOTPCREL(%rip)
