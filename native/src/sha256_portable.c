#include "kernel.h"

DP_ALWAYS_INLINE uint32_t rotate(uint32_t x, int count)
{
    return (x >> count) | (x << (32 - count));
}

static void expand(uint32_t w[64])
{
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >> 3);
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >> 10);
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    for (int t = 0; t < 64; t++)
        w[t] += dp_round_constants[t];
}

/* 64 rounds over K[t] + W[t]. */
static void rounds(uint32_t state[8], const uint32_t kw[64])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + kw[t];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void dp_compress_portable(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    uint32_t w[64];
    for (; count > 0; count--, blocks += DP_BLOCK) {
        for (int t = 0; t < 16; t++)
            w[t] = dp_load_be32(blocks + 4 * t);
        expand(w);
        rounds(state, w);
    }
}

static void hash_message(const uint8_t *message, size_t length, uint8_t *digest)
{
    uint32_t state[8];
    uint8_t tail[2 * DP_BLOCK];
    size_t body = length & ~(size_t)(DP_BLOCK - 1);
    memcpy(state, dp_initial_state, sizeof state);
    dp_compress_portable(state, message, body / DP_BLOCK);
    dp_compress_portable(state, tail, dp_message_tail(message + body, length, tail));
    for (int i = 0; i < 8; i++)
        dp_store_be32(digest + 4 * i, state[i]);
}

static void hash_messages(const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests)
{
    for (size_t i = 0; i < count; i++)
        hash_message(buffer + messages[i].offset, (size_t)messages[i].length, digests + DP_DIGEST * i);
}

/* Takes the first 16 entries of `w` as the message. */
static void hash_pair(uint32_t w[64], uint32_t state[8])
{
    memcpy(state, dp_initial_state, DP_DIGEST);
    expand(w);
    rounds(state, w);
    rounds(state, dp_pair_padding);
}

static void hash_pairs(const uint8_t *pairs, uint8_t *digests, size_t count)
{
    uint32_t w[64], state[8];
    for (size_t i = 0; i < count; i++) {
        for (int t = 0; t < 16; t++)
            w[t] = dp_load_be32(pairs + DP_BLOCK * i + 4 * t);
        hash_pair(w, state);
        for (int t = 0; t < 8; t++)
            dp_store_be32(digests + DP_DIGEST * i + 4 * t, state[t]);
    }
}

static void next_layer(const dp_node *children, dp_node *parents, size_t count)
{
    uint32_t w[64];
    for (size_t i = 0; i < count; i++) {
        memcpy(w, children + 2 * i, 2 * sizeof *children);
        hash_pair(w, parents[i].word);
        parents[i].word[7] &= DP_LAST_WORD_MASK;
    }
}

static void first_layer(const uint8_t *raw, size_t groups, dp_node *nodes)
{
    uint8_t padded[DP_PADDED_GROUP];
    uint32_t w[64];
    for (size_t i = 0; i < groups; i++, raw += DP_RAW_GROUP) {
        dp_fr32_pad(raw, padded, 1);
        for (int pair = 0; pair < 2; pair++, nodes++) {
            for (int t = 0; t < 16; t++)
                w[t] = dp_load_be32(padded + DP_BLOCK * pair + 4 * t);
            hash_pair(w, nodes->word);
            nodes->word[7] &= DP_LAST_WORD_MASK;
        }
    }
}

static int supported(void)
{
    return 1;
}

const dp_kernel dp_kernel_portable = { "portable-c", supported, hash_messages, hash_pairs, first_layer, next_layer };
