/* AVX2: eight lanes. For CPUs without SHA instructions. */
#include <immintrin.h>
#include <stdint.h>

#define LANES 8
#define vector __m256i
#define v_set1(x) _mm256_set1_epi32((int)(x))
#define v_add(x, y) _mm256_add_epi32(x, y)
#define v_and(x, y) _mm256_and_si256(x, y)
#define v_xor(x, y) _mm256_xor_si256(x, y)
#define v_shift_right(x, n) _mm256_srli_epi32(x, n)
#define v_rotate_right(x, n) v_xor(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))
#define v_xor3(x, y, z) v_xor(v_xor(x, y), z)
#define v_choose(x, y, z) v_xor(z, v_and(x, v_xor(y, z)))

/* The compiler finds that y ^ z is x ^ y of the round before. */
#define v_majority(x, y, z) v_xor(y, v_and(v_xor(x, y), v_xor(y, z)))

#define v_unpack_low_32(x, y) _mm256_unpacklo_epi32(x, y)
#define v_unpack_high_32(x, y) _mm256_unpackhi_epi32(x, y)
#define v_unpack_low_64(x, y) _mm256_unpacklo_epi64(x, y)
#define v_unpack_high_64(x, y) _mm256_unpackhi_epi64(x, y)

static inline __attribute__((always_inline)) __m256i v_swap_bytes(__m256i x)
{
    return _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203)));
}

static inline __attribute__((always_inline)) __m256i v_load_rows(const uint8_t *const *rows, int offset)
{
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows[0] + offset))),
        _mm_loadu_si128((const __m128i *)(rows[4] + offset)), 1);
}

static inline __attribute__((always_inline)) void v_store_rows(uint8_t *const *rows, int offset, __m256i x)
{
    _mm_storeu_si128((__m128i *)(rows[0] + offset), _mm256_castsi256_si128(x));
    _mm_storeu_si128((__m128i *)(rows[4] + offset), _mm256_extracti128_si256(x, 1));
}

#include "sha256_lanes.h"

const dp_kernel dp_kernel_avx2 = { "avx2", dp_cpu_has_avx2, hash_messages, hash_pairs, first_layer, next_layer };
