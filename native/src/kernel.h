/* What a SHA-256 path provides, and the constants all paths share. Not installed. */
#ifndef DP_KERNEL_H
#define DP_KERNEL_H

#include <stdint.h>
#include <string.h>

#include "dataprep_kernels.h"
#include "sha256_constants.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Little-endian machines only."
#endif

#define DP_ALWAYS_INLINE static inline __attribute__((always_inline))

enum {
    DP_BLOCK = 64,       /* bytes of a SHA-256 block, and of a pair of nodes */
    DP_DIGEST = 32,      /* bytes of a digest, and of a node */
    DP_RAW_GROUP = 127,  /* payload bytes that fr32 turns into four leaves */
    DP_PADDED_GROUP = 128
};

/* A tree node between layers: the digest as eight integers in the CPU's byte order, a first, the top two bits of the
 * digest's last byte cleared. Bytes are swapped only where payload comes in and where a root goes out. */
typedef struct {
    uint32_t word[8];
} dp_node;

/* Clears what fr32 has no room for: byte 31 is the lowest byte of word 7. */
#define DP_LAST_WORD_MASK 0xffffff3fu

typedef struct dp_kernel {
    const char *name;

    int (*supported)(void);

    void (*hash_messages)(const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests);

    /* Full digests; in place allowed. */
    void (*hash_pairs)(const uint8_t *pairs, uint8_t *digests, size_t count);

    /* Pads groups of 127 bytes by fr32 and hashes the leaves: two nodes of height 1 for each group. */
    void (*first_layer)(const uint8_t *raw, size_t groups, dp_node *nodes);

    /* parents[i] = node over children[2i], children[2i + 1]. `parents` may be `children`. It may also be the end of
     * `children` as it grows: any place such that children[2i + 1] is at least 16 nodes before parents[i], so that
     * one call runs through many layers. */
    void (*next_layer)(const dp_node *children, dp_node *parents, size_t count);
} dp_kernel;

extern const dp_kernel dp_kernel_portable;
extern const dp_kernel dp_kernel_shani;
extern const dp_kernel dp_kernel_avx2;
extern const dp_kernel dp_kernel_avx512;
extern const dp_kernel dp_kernel_armv8;

/* CPU and operating system; in cpu_x86.c and cpu_arm.c. */
int dp_cpu_has_shani(void);
int dp_cpu_has_avx2(void);
int dp_cpu_has_avx512(void);
int dp_cpu_has_armv8_sha2(void);

/* By index into the list of paths. */
const dp_kernel *dp_kernel_at(int kernel);

/* fr32 of whole groups: 127 bytes to 128 each. */
void dp_fr32_pad(const uint8_t *raw, uint8_t *padded, size_t groups);

/* Takes `count` blocks into the state; for the lanes that a vector path is left with at the end. */
void dp_compress_portable(uint32_t state[8], const uint8_t *blocks, size_t count);

DP_ALWAYS_INLINE uint32_t dp_load_be32(const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return __builtin_bswap32(x);
}

DP_ALWAYS_INLINE void dp_store_be32(uint8_t *p, uint32_t x)
{
    x = __builtin_bswap32(x);
    memcpy(p, &x, sizeof x);
}

/* The last one or two blocks of a message: what is left of it after whole blocks, 0x80, zeros, the length in bits.
 * Returns how many blocks. */
DP_ALWAYS_INLINE size_t dp_message_tail(const uint8_t *rest, size_t length, uint8_t tail[2 * DP_BLOCK])
{
    size_t left = length % DP_BLOCK, blocks = left < DP_BLOCK - 8 ? 1 : 2;
    memset(tail, 0, blocks * DP_BLOCK);
    if (left > 0)
        memcpy(tail, rest, left);
    tail[left] = 0x80;
    dp_store_be32(tail + blocks * DP_BLOCK - 8, (uint32_t)((uint64_t)length >> 29));
    dp_store_be32(tail + blocks * DP_BLOCK - 4, (uint32_t)length << 3);
    return blocks;
}

#endif
