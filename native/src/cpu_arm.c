#include "kernel.h"

#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

int dp_cpu_has_armv8_sha2(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
}
#elif defined(__APPLE__)
/* Every 64-bit Apple CPU has it. */
int dp_cpu_has_armv8_sha2(void)
{
    return 1;
}
#else
int dp_cpu_has_armv8_sha2(void)
{
    return 0;
}
#endif
