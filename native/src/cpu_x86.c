#include "kernel.h"

#include <cpuid.h>

enum {
    LEAF1_ECX_SSSE3 = 1 << 9,
    LEAF1_ECX_SSE41 = 1 << 19,
    LEAF1_ECX_OSXSAVE = 1 << 27,
    LEAF1_ECX_AVX = 1 << 28,
    LEAF7_EBX_AVX2 = 1 << 5,
    LEAF7_EBX_AVX512F = 1 << 16,
    LEAF7_EBX_SHA = 1 << 29,
    LEAF7_EBX_AVX512BW = 1 << 30,

    /* Register sets that the operating system saves. */
    XCR0_YMM = 0x06,
    XCR0_ZMM = 0xe6
};

static int has(unsigned leaf1_ecx, unsigned leaf7_ebx, unsigned xcr0)
{
    unsigned eax, ebx, ecx, edx, low, high;
    leaf1_ecx |= LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & leaf1_ecx) != leaf1_ecx)
        return 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (ebx & leaf7_ebx) != leaf7_ebx)
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & xcr0) == xcr0;
}

int dp_cpu_has_shani(void)
{
    return has(LEAF1_ECX_SSSE3 | LEAF1_ECX_SSE41, LEAF7_EBX_SHA, XCR0_YMM);
}

int dp_cpu_has_avx2(void)
{
    return has(0, LEAF7_EBX_AVX2, XCR0_YMM);
}

int dp_cpu_has_avx512(void)
{
    return has(0, LEAF7_EBX_AVX2 | LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512BW, XCR0_ZMM);
}
