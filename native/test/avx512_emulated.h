/* The AVX-512 intrinsics that sha256_avx512.c uses, lane by lane as the instructions are documented. */
#ifndef DP_AVX512_EMULATED_H
#define DP_AVX512_EMULATED_H

#include <stdint.h>
#include <string.h>

typedef union {
    uint32_t w[4];
    uint64_t q[2];
} __m128i;

typedef union {
    uint8_t b[64];
    uint32_t w[16];
    uint64_t q[8];
    __m128i x[4];
} __m512i;

#define EACH(count, statement) \
    do { \
        for (int i = 0; i < (count); i++) \
            statement; \
    } while (0)

static inline __m128i _mm_loadu_si128(const __m128i *p)
{
    __m128i r;
    memcpy(&r, p, sizeof r);
    return r;
}

static inline void _mm_storeu_si128(__m128i *p, __m128i x)
{
    memcpy(p, &x, sizeof x);
}

static inline __m512i _mm512_set1_epi32(int x)
{
    __m512i r;
    EACH(16, r.w[i] = (uint32_t)x);
    return r;
}

static inline __m512i _mm512_set4_epi32(int d, int c, int b, int a)
{
    const int words[4] = { a, b, c, d };
    __m512i r;
    EACH(16, r.w[i] = (uint32_t)words[i % 4]);
    return r;
}

static inline __m512i _mm512_add_epi32(__m512i x, __m512i y)
{
    EACH(16, x.w[i] += y.w[i]);
    return x;
}

static inline __m512i _mm512_and_si512(__m512i x, __m512i y)
{
    EACH(16, x.w[i] &= y.w[i]);
    return x;
}

static inline __m512i _mm512_srli_epi32(__m512i x, int n)
{
    EACH(16, x.w[i] >>= n);
    return x;
}

static inline __m512i _mm512_ror_epi32(__m512i x, int n)
{
    EACH(16, x.w[i] = x.w[i] >> n | x.w[i] << (32 - n));
    return x;
}

static inline __m512i _mm512_ternarylogic_epi32(__m512i x, __m512i y, __m512i z, int table)
{
    __m512i r;
    for (int i = 0; i < 16; i++) {
        r.w[i] = 0;
        for (int bit = 0; bit < 32; bit++) {
            uint32_t index = (x.w[i] >> bit & 1) << 2 | (y.w[i] >> bit & 1) << 1 | (z.w[i] >> bit & 1);
            r.w[i] |= ((uint32_t)table >> index & 1) << bit;
        }
    }
    return r;
}

/* Within each 16 bytes: the lower, or upper, words of both, in turn. */
static inline __m512i _mm512_unpacklo_epi32(__m512i x, __m512i y)
{
    __m512i r;
    EACH(16, r.w[i] = (i % 2 ? y : x).w[i / 4 * 4 + i % 4 / 2]);
    return r;
}

static inline __m512i _mm512_unpackhi_epi32(__m512i x, __m512i y)
{
    __m512i r;
    EACH(16, r.w[i] = (i % 2 ? y : x).w[i / 4 * 4 + 2 + i % 4 / 2]);
    return r;
}

static inline __m512i _mm512_unpacklo_epi64(__m512i x, __m512i y)
{
    __m512i r;
    EACH(8, r.q[i] = (i % 2 ? y : x).q[i / 2 * 2]);
    return r;
}

static inline __m512i _mm512_unpackhi_epi64(__m512i x, __m512i y)
{
    __m512i r;
    EACH(8, r.q[i] = (i % 2 ? y : x).q[i / 2 * 2 + 1]);
    return r;
}

static inline __m512i _mm512_shuffle_epi8(__m512i x, __m512i by)
{
    __m512i r;
    EACH(64, r.b[i] = by.b[i] & 0x80 ? 0 : x.b[i / 16 * 16 + (by.b[i] & 0x0f)]);
    return r;
}

/* What the upper parts hold is undefined. */
static inline __m512i _mm512_castsi128_si512(__m128i x)
{
    __m512i r;
    memset(&r, 0xa5, sizeof r);
    r.x[0] = x;
    return r;
}

static inline __m128i _mm512_castsi512_si128(__m512i x)
{
    return x.x[0];
}

static inline __m512i _mm512_inserti32x4(__m512i x, __m128i part, int at)
{
    x.x[at] = part;
    return x;
}

static inline __m128i _mm512_extracti32x4_epi32(__m512i x, int at)
{
    return x.x[at];
}

#endif
