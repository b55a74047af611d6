/* ARMv8 cryptography extension: four messages side by side, as 32 registers have room for. */
#include "kernel.h"
#include "streams.h"

#include <arm_neon.h>

enum { LANES = 4, QUADS = 16 };

/* For short loops over lanes: their arrays are to be registers. */
#define UNROLL _Pragma("GCC unroll 16")

typedef struct {
    uint32x4_t abcd, efgh;
} state;

DP_ALWAYS_INLINE uint32x4_t load_swapped(const uint8_t *p)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p)));
}

/* Four rounds; `kw` is K + W. */
DP_ALWAYS_INLINE void four_rounds(state *s, uint32x4_t kw)
{
    uint32x4_t abcd = s->abcd;
    s->abcd = vsha256hq_u32(abcd, s->efgh, kw);
    s->efgh = vsha256h2q_u32(s->efgh, abcd, kw);
}

/* Takes one block of each lane, whose words `w` holds and loses, into its state. */
DP_ALWAYS_INLINE void compress_data(state *states, uint32x4_t w[][4], const int lanes)
{
    state before[LANES];
    UNROLL for (int i = 0; i < lanes; i++)
        before[i] = states[i];
    UNROLL for (int quad = 0; quad < QUADS; quad++) {
        uint32x4_t k = vld1q_u32(dp_round_constants + 4 * quad);
        UNROLL for (int i = 0; i < lanes; i++) {
            uint32x4_t *x = &w[i][quad % 4], kw = vaddq_u32(*x, k);
            if (quad < QUADS - 4)
                *x = vsha256su1q_u32(vsha256su0q_u32(*x, w[i][(quad + 1) % 4]), w[i][(quad + 2) % 4], w[i][(quad + 3) % 4]);
            four_rounds(&states[i], kw);
        }
    }
    UNROLL for (int i = 0; i < lanes; i++) {
        states[i].abcd = vaddq_u32(states[i].abcd, before[i].abcd);
        states[i].efgh = vaddq_u32(states[i].efgh, before[i].efgh);
    }
}

/* The block that pads messages of 64 bytes. */
DP_ALWAYS_INLINE void compress_padding(state states[LANES])
{
    state before[LANES];
    UNROLL for (int i = 0; i < LANES; i++)
        before[i] = states[i];
    UNROLL for (int quad = 0; quad < QUADS; quad++) {
        uint32x4_t kw = vld1q_u32(dp_pair_padding + 4 * quad);
        UNROLL for (int i = 0; i < LANES; i++)
            four_rounds(&states[i], kw);
    }
    UNROLL for (int i = 0; i < LANES; i++) {
        states[i].abcd = vaddq_u32(states[i].abcd, before[i].abcd);
        states[i].efgh = vaddq_u32(states[i].efgh, before[i].efgh);
    }
}

/* Four messages of 64 bytes. All is loaded before anything is stored. As nodes: native words, digests truncated. */
DP_ALWAYS_INLINE void hash_four(const uint8_t *in, int in_nodes, uint8_t *out, int out_nodes)
{
    state states[LANES];
    uint32x4_t w[LANES][4];
    UNROLL for (int i = 0; i < LANES; i++) {
        states[i] = (state){ vld1q_u32(dp_initial_state), vld1q_u32(dp_initial_state + 4) };
        UNROLL for (int quad = 0; quad < 4; quad++) {
            const uint8_t *p = in + DP_BLOCK * i + 16 * quad;
            w[i][quad] = in_nodes ? vreinterpretq_u32_u8(vld1q_u8(p)) : load_swapped(p);
        }
    }
    compress_data(states, w, LANES);
    compress_padding(states);

    const uint32x4_t truncate = vsetq_lane_u32(DP_LAST_WORD_MASK, vdupq_n_u32(UINT32_MAX), 3);
    UNROLL for (int i = 0; i < LANES; i++) {
        uint8x16_t low = vreinterpretq_u8_u32(states[i].abcd);
        uint8x16_t high = vreinterpretq_u8_u32(out_nodes ? vandq_u32(states[i].efgh, truncate) : states[i].efgh);
        vst1q_u8(out + DP_DIGEST * i, out_nodes ? low : vrev32q_u8(low));
        vst1q_u8(out + DP_DIGEST * i + 16, out_nodes ? high : vrev32q_u8(high));
    }
}

/* What is left over after fours goes through a four filled up with zeros. */
DP_ALWAYS_INLINE void hash_all(const uint8_t *in, int in_nodes, uint8_t *out, int out_nodes, size_t count)
{
    for (; count >= LANES; count -= LANES, in += LANES * DP_BLOCK, out += LANES * DP_DIGEST)
        hash_four(in, in_nodes, out, out_nodes);
    if (count > 0) {
        uint8_t last_in[LANES * DP_BLOCK] = { 0 }, last_out[LANES * DP_DIGEST];
        memcpy(last_in, in, count * DP_BLOCK);
        hash_four(last_in, in_nodes, last_out, out_nodes);
        memcpy(out, last_out, count * DP_DIGEST);
    }
}

static void hash_pairs(const uint8_t *pairs, uint8_t *digests, size_t count)
{
    hash_all(pairs, 0, digests, 0, count);
}

static void next_layer(const dp_node *children, dp_node *parents, size_t count)
{
    hash_all((const uint8_t *)children, 1, (uint8_t *)parents, 1, count);
}

static void first_layer(const uint8_t *raw, size_t groups, dp_node *nodes)
{
    enum { AT_ONCE = 8 };
    uint8_t padded[AT_ONCE * DP_PADDED_GROUP];
    while (groups > 0) {
        size_t taken = groups < AT_ONCE ? groups : AT_ONCE;
        dp_fr32_pad(raw, padded, taken);
        hash_all(padded, 0, (uint8_t *)nodes, 1, 2 * taken);
        raw += DP_RAW_GROUP * taken;
        nodes += 2 * taken;
        groups -= taken;
    }
}

DP_ALWAYS_INLINE void compress_streams(uint32_t (*words)[8], const uint8_t *const *blocks, size_t count, const int streams)
{
    state states[LANES];
    UNROLL for (int i = 0; i < streams; i++)
        states[i] = (state){ vld1q_u32(words[i]), vld1q_u32(words[i] + 4) };
    for (size_t at = 0; at < count * DP_BLOCK; at += DP_BLOCK) {
        uint32x4_t w[LANES][4];
        UNROLL for (int i = 0; i < streams; i++) {
            UNROLL for (int quad = 0; quad < 4; quad++)
                w[i][quad] = load_swapped(blocks[i] + at + 16 * quad);
        }
        compress_data(states, w, streams);
    }
    UNROLL for (int i = 0; i < streams; i++) {
        vst1q_u32(words[i], states[i].abcd);
        vst1q_u32(words[i] + 4, states[i].efgh);
    }
}

static void compress(uint32_t (*states)[8], const uint8_t *const *blocks, size_t count, int streams)
{
    switch (streams) {
    case 1:
        compress_streams(states, blocks, count, 1);
        break;
    case 2:
        compress_streams(states, blocks, count, 2);
        break;
    case 3:
        compress_streams(states, blocks, count, 3);
        break;
    default:
        compress_streams(states, blocks, count, 4);
        break;
    }
}

static void hash_messages(const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests)
{
    static const dp_streams streams = { compress, 3, 4 };
    dp_hash_streams(&streams, buffer, messages, count, digests);
}

const dp_kernel dp_kernel_armv8 = { "armv8", dp_cpu_has_armv8_sha2, hash_messages, hash_pairs, first_layer, next_layer };
