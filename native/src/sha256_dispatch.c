/* The exported functions that are not about trees, and the list of paths. */
#include "kernel.h"

static const dp_kernel *const kernels[] = {
#if defined(DP_HAVE_SHANI)
    &dp_kernel_shani,
#endif
#if defined(DP_HAVE_AVX512)
    &dp_kernel_avx512,
#endif
#if defined(DP_HAVE_AVX2)
    &dp_kernel_avx2,
#endif
#if defined(DP_HAVE_ARMV8)
    &dp_kernel_armv8,
#endif
    &dp_kernel_portable,
};

enum { KERNEL_COUNT = sizeof kernels / sizeof kernels[0] };

int dp_abi_version(void)
{
    return DP_ABI_VERSION;
}

int dp_kernel_count(void)
{
    return KERNEL_COUNT;
}

const char *dp_kernel_name(int kernel)
{
    return kernel >= 0 && kernel < KERNEL_COUNT ? kernels[kernel]->name : NULL;
}

int dp_kernel_supported(int kernel)
{
    /* One bit for each kernel and a bit above them once they are known; threads that meet here find the same. */
    static int known;
    int bits = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (bits == 0) {
        bits = 1 << KERNEL_COUNT;
        for (int i = 0; i < KERNEL_COUNT; i++)
            bits |= (kernels[i]->supported() != 0) << i;
        __atomic_store_n(&known, bits, __ATOMIC_RELAXED);
    }
    return kernel >= 0 && kernel < KERNEL_COUNT && ((bits >> kernel) & 1);
}

const dp_kernel *dp_kernel_at(int kernel)
{
    return kernels[kernel];
}

void dp_hash_messages(int kernel, const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests)
{
    kernels[kernel]->hash_messages(buffer, messages, count, digests);
}

void dp_hash_pairs(int kernel, const uint8_t *pairs, uint8_t *digests, size_t count)
{
    kernels[kernel]->hash_pairs(pairs, digests, count);
}
