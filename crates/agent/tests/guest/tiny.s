# A whole operating system in a boot sector, for the tests of virtual machines. Real mode, 16 bits; as and ld make it.
#
# It says "boot" at its serial port and obeys single letters there: n says how often its clock has ticked since then, d how many sectors its
# first other disk has, r reboots, q switches off. It switches off when its power button is pressed and lets go of what is being unplugged.
        .code16
        .globl _start
        .set SERIAL, 0x3f8
        .set PM1_STATUS, 0x600          # where SeaBIOS puts it on the machine q35
        .set PM1_ENABLE, 0x602
        .set PM1_CONTROL, 0x604
        .set DOWN, 0xcc4                # QEMU's docs/specs/acpi_pci_hotplug.rst, with q35's base 0xcc0
        .set EJECT, 0xcc8
        .set SELECT, 0xcd0

_start: xor %ax, %ax
        mov %ax, %ds
        mov %ax, %ss
        mov $0x7c00, %sp
        movl $0, ticks
        mov $hello, %si
        call print
        mov $PM1_ENABLE, %dx
        mov $0x100, %ax                 # the power button
        out %ax, %dx

again:  mov $PM1_STATUS, %dx
        in %dx, %ax
        test $1, %ah
        jnz off
        xor %ecx, %ecx
slot:   mov %ecx, %eax
        mov $SELECT, %dx
        out %eax, %dx
        mov $DOWN, %dx
        in %dx, %eax
        test %eax, %eax
        jz next
        mov $EJECT, %dx
        out %eax, %dx
next:   inc %ecx
        cmp $32, %ecx
        jb slot
        mov $SERIAL + 5, %dx
        in %dx, %al
        test $1, %al
        jz idle
        mov $SERIAL, %dx
        in %dx, %al
        cmp $'n', %al
        je count
        cmp $'d', %al
        je sectors
        cmp $'r', %al
        je reset
        cmp $'q', %al
        jne again
off:    mov $PM1_CONTROL, %dx
        mov $0x2000, %ax                # sleep: S5
        out %ax, %dx
idle:   sti
        hlt
        cli
        incl ticks
        jmp again
reset:  mov $0xcf9, %dx
        mov $6, %al
        out %al, %dx
        jmp idle
count:  mov ticks, %eax
        jmp number
sectors:
        mov $0x48, %ah                  # INT 13h, extensions: parameters of the second disk
        mov $0x81, %dl
        mov $parameters, %si
        movw $30, (%si)
        movl $0, 16(%si)
        int $0x13
        mov parameters + 16, %eax

number: mov $8, %cx
digit:  rol $4, %eax
        push %eax
        and $15, %al
        add $'0', %al
        cmp $'9', %al
        jbe 1f
        add $'a' - '0' - 10, %al
1:      call put
        pop %eax
        loop digit
        mov $10, %al
        call put
        jmp again

print:  lodsb
        test %al, %al
        jz 1f
        call put
        jmp print
1:      ret
put:    push %ax
        mov $SERIAL + 5, %dx
2:      in %dx, %al
        test $0x20, %al
        jz 2b
        pop %ax
        mov $SERIAL, %dx
        out %al, %dx
        ret

hello:  .asciz "boot\n"
        .org 510
        .word 0xaa55
        .set ticks, 0x7e00
        .set parameters, 0x7e10
