/* AVX-512 (F and BW): sixteen lanes, with rotation and three-operand logic as instructions. */
#include <stdint.h>

#if defined(DP_EMULATE_AVX512)
/* The intrinsics below as plain C, so that any machine can test this file. */
#include "avx512_emulated.h"
#else
#include <immintrin.h>
#endif

#define LANES 16
#define vector __m512i
#define v_set1(x) _mm512_set1_epi32((int)(x))
#define v_add(x, y) _mm512_add_epi32(x, y)
#define v_and(x, y) _mm512_and_si512(x, y)
#define v_shift_right(x, n) _mm512_srli_epi32(x, n)
#define v_rotate_right(x, n) _mm512_ror_epi32(x, n)

/* The result for bits x, y, z is bit 4x + 2y + z of the constant. */
#define v_xor3(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define v_choose(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define v_majority(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xe8)

#define v_unpack_low_32(x, y) _mm512_unpacklo_epi32(x, y)
#define v_unpack_high_32(x, y) _mm512_unpackhi_epi32(x, y)
#define v_unpack_low_64(x, y) _mm512_unpacklo_epi64(x, y)
#define v_unpack_high_64(x, y) _mm512_unpackhi_epi64(x, y)

static inline __attribute__((always_inline)) __m512i v_swap_bytes(__m512i x)
{
    return _mm512_shuffle_epi8(x, _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

static inline __attribute__((always_inline)) __m512i v_load_rows(const uint8_t *const *rows, int offset)
{
    __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(rows[0] + offset)));
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(rows[4] + offset)), 1);
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(rows[8] + offset)), 2);
    return _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(rows[12] + offset)), 3);
}

static inline __attribute__((always_inline)) void v_store_rows(uint8_t *const *rows, int offset, __m512i x)
{
    _mm_storeu_si128((__m128i *)(rows[0] + offset), _mm512_castsi512_si128(x));
    _mm_storeu_si128((__m128i *)(rows[4] + offset), _mm512_extracti32x4_epi32(x, 1));
    _mm_storeu_si128((__m128i *)(rows[8] + offset), _mm512_extracti32x4_epi32(x, 2));
    _mm_storeu_si128((__m128i *)(rows[12] + offset), _mm512_extracti32x4_epi32(x, 3));
}

#include "sha256_lanes.h"

#if defined(DP_EMULATE_AVX512)
static int supported(void)
{
    return 1;
}
#else
#define supported dp_cpu_has_avx512
#endif

const dp_kernel dp_kernel_avx512 = { "avx512", supported, hash_messages, hash_pairs, first_layer, next_layer };
