/* x86 SHA extensions.
 *
 * SHA256RNDS2 has a latency of four cycles and a throughput of one or two: four independent chains keep it busy, if
 * nothing else gets in the way. So the message schedule is taken apart from the rounds: while one batch goes through
 * its rounds, the schedule of the next is computed, a message at a time, and K + W goes through a small buffer in the
 * first-level cache. A chain of rounds then needs two registers, the schedule five, RNDS2 its xmm0.
 *
 * The compiler keeps the order written here (see the flags in CMakeLists.txt); the order is what makes the speed. */
#include "kernel.h"

#include <immintrin.h>

#include "streams.h"

enum {
    LANES = 4, /* messages of a batch: chains of rounds side by side */
    QUADS = 16 /* a block's 64 rounds, four at a time */
};

/* For short loops over lanes: their arrays are to be registers. */
#define UNROLL _Pragma("GCC unroll 8")

/* Where messages come from and where digests go to. */
enum form {
    FORM_BYTES, /* as SHA-256 defines it */
    FORM_NODES, /* native words; going out, the top two bits cleared */
    FORM_RAW    /* coming in only: payload, padded by fr32 as it is loaded; two messages from each 127 bytes */
};

DP_ALWAYS_INLINE __m128i load(const void *p)
{
    return _mm_loadu_si128(p);
}

/* The upper eight bytes, in the lower half: a load costs less than a shuffle here. */
DP_ALWAYS_INLINE __m128i upper_half(const __m128i *p)
{
    return _mm_loadl_epi64((const __m128i *)((const char *)p + 8));
}

DP_ALWAYS_INLINE __m128i swap_bytes(__m128i words)
{
    return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

/* SHA256RNDS2 wants the state as words a b e f and c d g h, from the top of the register down. */
DP_ALWAYS_INLINE __m128i initial_abef(void)
{
    return _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
}

DP_ALWAYS_INLINE __m128i initial_cdgh(void)
{
    return _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
}

/* 16 bytes of the payload from bit `shift` of `p` on. A 64-bit half that starts inside a byte touches nine bytes: the
 * load gives its low bits, the load one byte further the high ones. */
DP_ALWAYS_INLINE __m128i raw_bits(const uint8_t *p, int shift)
{
    return _mm_or_si128(_mm_srli_epi64(load(p), shift), _mm_slli_epi64(load(p + 1), 8 - shift));
}

/* Quarter `quad` of the message of lane `lane`, fr32-padded: the lanes of a group hold its elements 0, 1 and 2, 3.
 * Element i begins at bit 254 i: byte 0, byte 31 bit 6, byte 63 bit 4, byte 95 bit 2. */
DP_ALWAYS_INLINE __m128i load_raw(const uint8_t *in, int lane, int quad)
{
    const __m128i without_top_bits = _mm_set_epi64x(0x3fffffffffffffff, -1);
    const uint8_t *group = in + DP_RAW_GROUP * (lane / 2);
    switch (4 * (lane % 2) + quad) {
    case 0:
        return load(group);
    case 1:
        return _mm_and_si128(load(group + 16), without_top_bits);
    case 2:
        return raw_bits(group + 31, 6);
    case 3:
        return _mm_and_si128(raw_bits(group + 47, 6), without_top_bits);
    case 4:
        return raw_bits(group + 63, 4);
    case 5:
        return _mm_and_si128(raw_bits(group + 79, 4), without_top_bits);
    case 6:
        return raw_bits(group + 95, 2);
    default:
        /* The upper half ends with the group: its 62 bits are in the first load, zeros come in above them. */
        return _mm_or_si128(_mm_srli_epi64(load(group + 111), 2), _mm_slli_epi64(_mm_loadl_epi64((const __m128i *)(group + 112)), 6));
    }
}

DP_ALWAYS_INLINE __m128i load_message(const uint8_t *in, enum form form, int lane, int quad)
{
    const uint8_t *p = in + DP_BLOCK * lane + 16 * quad;
    return form == FORM_NODES ? load(p) : swap_bytes(form == FORM_BYTES ? load(p) : load_raw(in, lane, quad));
}

/* Words 4 quad to 4 quad + 3 of a message's schedule: the first four quads are the message `loaded`, the others follow
 * from the four before, which `w` holds in turn. K + W goes to `kw`. */
DP_ALWAYS_INLINE void expand(__m128i w[4], int quad, __m128i *kw)
{
    __m128i x = w[quad % 4];
    if (quad >= 4) {
        x = _mm_sha256msg1_epu32(x, w[(quad + 1) % 4]);
        x = _mm_add_epi32(x, _mm_alignr_epi8(w[(quad + 3) % 4], w[(quad + 2) % 4], 4));
        x = _mm_sha256msg2_epu32(x, w[(quad + 3) % 4]);
        w[quad % 4] = x;
    }
    *kw = _mm_add_epi32(x, _mm_load_si128((const __m128i *)(dp_round_constants + 4 * quad)));
}

/* One quad of the schedules of a batch, of 4 * 16: lane after lane. */
DP_ALWAYS_INLINE void schedule_node(const uint8_t *in, enum form form, __m128i w[4], int at, __m128i *kw)
{
    int lane = at / QUADS, quad = at % QUADS;
    if (quad < 4)
        w[quad] = load_message(in, form, lane, quad);
    expand(w, quad, kw + at);
}

/* The same for one block of each stream. */
DP_ALWAYS_INLINE void schedule_stream(const uint8_t *const *blocks, size_t offset, __m128i w[4], int at, __m128i *kw)
{
    int stream = at / QUADS, quad = at % QUADS;
    if (quad < 4)
        w[quad] = swap_bytes(load(blocks[stream] + offset + 16 * quad));
    expand(w, quad, kw + at);
}

/* Four rounds of each chain: of the data block from the batch's own schedules, of the padding block from the constant
 * one, which all chains share. */
DP_ALWAYS_INLINE void rounds_data(__m128i abef[LANES], __m128i cdgh[LANES], const __m128i *kw, int quad)
{
    UNROLL for (int i = 0; i < LANES; i++)
        cdgh[i] = _mm_sha256rnds2_epu32(cdgh[i], abef[i], _mm_load_si128(kw + QUADS * i + quad));
    UNROLL for (int i = 0; i < LANES; i++)
        abef[i] = _mm_sha256rnds2_epu32(abef[i], cdgh[i], upper_half(kw + QUADS * i + quad));
}

DP_ALWAYS_INLINE void rounds_padding(__m128i abef[LANES], __m128i cdgh[LANES], int quad)
{
    const __m128i *kw = (const __m128i *)dp_pair_padding + quad;
    __m128i constants = _mm_load_si128(kw);
    UNROLL for (int i = 0; i < LANES; i++)
        cdgh[i] = _mm_sha256rnds2_epu32(cdgh[i], abef[i], constants);
    constants = upper_half(kw);
    UNROLL for (int i = 0; i < LANES; i++)
        abef[i] = _mm_sha256rnds2_epu32(abef[i], cdgh[i], constants);
}

DP_ALWAYS_INLINE void store_digest(uint8_t *out, enum form form, __m128i abef, __m128i cdgh)
{
    __m128i abcd = _mm_unpackhi_epi64(cdgh, abef); /* still the wrong way round: a at the top */
    __m128i efgh = _mm_unpacklo_epi64(cdgh, abef);
    if (form == FORM_BYTES) {
        const __m128i reverse = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
        abcd = _mm_shuffle_epi8(abcd, reverse);
        efgh = _mm_shuffle_epi8(efgh, reverse);
    } else {
        const __m128i truncate = _mm_set_epi32((int)DP_LAST_WORD_MASK, -1, -1, -1);
        abcd = _mm_shuffle_epi32(abcd, 0x1b);
        efgh = _mm_and_si128(_mm_shuffle_epi32(efgh, 0x1b), truncate);
    }
    _mm_storeu_si128((__m128i *)out, abcd);
    _mm_storeu_si128((__m128i *)(out + 16), efgh);
}

/* Calls F(0) to F(15): all indices are constants, whatever the compiler thinks of unrolling. */
#define REPEAT_16(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15)

/* Hashes batches of four messages of 64 bytes. A batch is loaded before the batch before it is stored. */
DP_ALWAYS_INLINE void hash_batches(const uint8_t *in, uint8_t *out, size_t batches, enum form from, enum form to)
{
    const size_t advance = from == FORM_RAW ? LANES / 2 * DP_RAW_GROUP : LANES * DP_BLOCK;
    _Alignas(64) __m128i schedules[2][LANES * QUADS];
    __m128i middle[2 * LANES]; /* the states between data and padding block */
    __m128i *read = schedules[0], *write = schedules[1];
    __m128i abef[LANES], cdgh[LANES], w[4];

#define FIRST_SCHEDULE(i) \
    schedule_node(in, from, w, 4 * i, write); \
    schedule_node(in, from, w, 4 * i + 1, write); \
    schedule_node(in, from, w, 4 * i + 2, write); \
    schedule_node(in, from, w, 4 * i + 3, write);
    REPEAT_16(FIRST_SCHEDULE)

    for (; batches > 0; batches--, out += LANES * DP_DIGEST) {
        __m128i *swap = read;
        read = write;
        write = swap;

        /* The last batch's schedule is computed once more beside its rounds: cheaper than a second loop. */
        if (batches > 1)
            in += advance;

        UNROLL for (int i = 0; i < LANES; i++) {
            abef[i] = initial_abef();
            cdgh[i] = initial_cdgh();
        }

#define DATA_STEP(i) \
    rounds_data(abef, cdgh, read, i); \
    schedule_node(in, from, w, 2 * i, write); \
    schedule_node(in, from, w, 2 * i + 1, write);
        REPEAT_16(DATA_STEP)

        UNROLL for (int i = 0; i < LANES; i++) {
            middle[2 * i] = abef[i] = _mm_add_epi32(abef[i], initial_abef());
            middle[2 * i + 1] = cdgh[i] = _mm_add_epi32(cdgh[i], initial_cdgh());
        }

#define PADDING_STEP(i) \
    rounds_padding(abef, cdgh, i); \
    schedule_node(in, from, w, 32 + 2 * i, write); \
    schedule_node(in, from, w, 32 + 2 * i + 1, write);
        REPEAT_16(PADDING_STEP)

        UNROLL for (int i = 0; i < LANES; i++)
            store_digest(out + DP_DIGEST * i, to, _mm_add_epi32(abef[i], middle[2 * i]), _mm_add_epi32(cdgh[i], middle[2 * i + 1]));
    }
}

/* Legacy-encoded instructions, as those of the SHA extension are, crawl while the upper halves of ymm registers are in
 * use; so each entry from other code clears them. */
static void enter(void)
{
    _mm256_zeroupper();
}

static __attribute__((noinline)) void pair_batches(const uint8_t *in, uint8_t *out, size_t batches)
{
    hash_batches(in, out, batches, FORM_BYTES, FORM_BYTES);
}

static __attribute__((noinline)) void node_batches(const uint8_t *in, uint8_t *out, size_t batches)
{
    hash_batches(in, out, batches, FORM_NODES, FORM_NODES);
}

static __attribute__((noinline)) void raw_batches(const uint8_t *in, uint8_t *out, size_t batches)
{
    hash_batches(in, out, batches, FORM_RAW, FORM_NODES);
}

/* Inputs of `length` bytes that give `digests` digests each: as many whole batches as there are, then a batch of what is
 * left over, filled up with zeros. */
DP_ALWAYS_INLINE void hash_all(
    void (*hash)(const uint8_t *, uint8_t *, size_t), const uint8_t *in, size_t length, uint8_t *out, size_t digests, size_t count)
{
    const size_t at_once = LANES / digests;
    size_t batches = count / at_once, rest = count % at_once;
    enter();
    if (batches > 0)
        hash(in, out, batches);
    if (rest > 0) {
        uint8_t last_in[LANES * DP_BLOCK] = { 0 }, last_out[LANES * DP_DIGEST];
        memcpy(last_in, in + batches * at_once * length, rest * length);
        hash(last_in, last_out, 1);
        memcpy(out + batches * LANES * DP_DIGEST, last_out, rest * digests * DP_DIGEST);
    }
}

static void hash_pairs(const uint8_t *pairs, uint8_t *digests, size_t count)
{
    hash_all(pair_batches, pairs, DP_BLOCK, digests, 1, count);
}

static void next_layer(const dp_node *children, dp_node *parents, size_t count)
{
    hash_all(node_batches, (const uint8_t *)children, DP_BLOCK, (uint8_t *)parents, 1, count);
}

static void first_layer(const uint8_t *raw, size_t groups, dp_node *nodes)
{
    hash_all(raw_batches, raw, DP_RAW_GROUP, (uint8_t *)nodes, 2, groups);
}

/* One block of each of up to four streams: the schedules of the next blocks beside the rounds of these. */
DP_ALWAYS_INLINE void compress_streams(uint32_t (*states)[8], const uint8_t *const *blocks, size_t count, const int streams)
{
    _Alignas(64) __m128i schedules[2][4 * QUADS];
    __m128i *read = schedules[0], *write = schedules[1];
    __m128i before[8];
    __m128i abef[4], cdgh[4], w[4];
    size_t offset = 0;

    UNROLL for (int i = 0; i < streams; i++) {
        __m128i abcd = _mm_shuffle_epi32(load(states[i]), 0x1b); /* a at the top */
        __m128i efgh = _mm_shuffle_epi32(load(states[i] + 4), 0x1b);
        abef[i] = _mm_unpackhi_epi64(efgh, abcd);
        cdgh[i] = _mm_unpacklo_epi64(efgh, abcd);
    }

#define SCHEDULE_STREAMS(i) \
    UNROLL for (int j = 0; j < streams; j++) \
        schedule_stream(blocks, offset, w, streams * i + j, write);
    REPEAT_16(SCHEDULE_STREAMS)

    for (; count > 0; count--) {
        __m128i *swap = read;
        read = write;
        write = swap;
        if (count > 1)
            offset += DP_BLOCK;

        UNROLL for (int i = 0; i < streams; i++) {
            before[2 * i] = abef[i];
            before[2 * i + 1] = cdgh[i];
        }
#define STREAM_STEP(i) \
    UNROLL for (int j = 0; j < streams; j++) \
        cdgh[j] = _mm_sha256rnds2_epu32(cdgh[j], abef[j], _mm_load_si128(read + QUADS * j + i)); \
    UNROLL for (int j = 0; j < streams; j++) \
        abef[j] = _mm_sha256rnds2_epu32(abef[j], cdgh[j], upper_half(read + QUADS * j + i)); \
    SCHEDULE_STREAMS(i)
        REPEAT_16(STREAM_STEP)
        UNROLL for (int i = 0; i < streams; i++) {
            abef[i] = _mm_add_epi32(abef[i], before[2 * i]);
            cdgh[i] = _mm_add_epi32(cdgh[i], before[2 * i + 1]);
        }
    }

    UNROLL for (int i = 0; i < streams; i++) {
        __m128i abcd = _mm_unpackhi_epi64(cdgh[i], abef[i]), efgh = _mm_unpacklo_epi64(cdgh[i], abef[i]);
        _mm_storeu_si128((__m128i *)states[i], _mm_shuffle_epi32(abcd, 0x1b));
        _mm_storeu_si128((__m128i *)(states[i] + 4), _mm_shuffle_epi32(efgh, 0x1b));
    }
}

#define COMPRESS(n) \
    static __attribute__((noinline)) void compress_##n(uint32_t (*states)[8], const uint8_t *const *blocks, size_t count) \
    { \
        compress_streams(states, blocks, count, n); \
    }
COMPRESS(1)
COMPRESS(2)
COMPRESS(3)
COMPRESS(4)

static void compress(uint32_t (*states)[8], const uint8_t *const *blocks, size_t count, int streams)
{
    enter();
    switch (streams) {
    case 1:
        compress_1(states, blocks, count);
        break;
    case 2:
        compress_2(states, blocks, count);
        break;
    case 3:
        compress_3(states, blocks, count);
        break;
    default:
        compress_4(states, blocks, count);
        break;
    }
}

static void hash_messages(const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests)
{
    static const dp_streams streams = { compress, 3, 4 };
    dp_hash_streams(&streams, buffer, messages, count, digests);
}

/* The code is VEX-encoded where it can be, so AVX must be there, and its registers be saved by the system. */
static int supported(void)
{
    return dp_cpu_has_shani();
}

const dp_kernel dp_kernel_shani = { "shani", supported, hash_messages, hash_pairs, first_layer, next_layer };
