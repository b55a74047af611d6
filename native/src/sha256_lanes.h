/* SHA-256 over the lanes of a vector: lane i holds a 32-bit word of message i, so the rounds read as in scalar code.
 * A file that includes this defines first
 *
 *   LANES              8 or 16
 *   vector             the type
 *   v_set1(x)          x in all lanes
 *   v_add(x, y), v_and(x, y)
 *   v_shift_right(x, n), v_rotate_right(x, n)
 *   v_xor3(x, y, z), v_choose(x, y, z), v_majority(x, y, z)
 *   v_unpack_low_32, v_unpack_high_32, v_unpack_low_64, v_unpack_high_64
 *                      as the instructions do it: within each 16 bytes
 *   v_swap_bytes(x)    of each word
 *   v_load_rows(rows, offset), v_store_rows(rows, offset, x)
 *                      16 bytes at `offset` of rows[0], rows[4], rows[8] .., each in its 16 bytes of the vector
 */
#include "kernel.h"
#include "streams.h"

DP_ALWAYS_INLINE vector small_sigma_0(vector x)
{
    return v_xor3(v_rotate_right(x, 7), v_rotate_right(x, 18), v_shift_right(x, 3));
}

DP_ALWAYS_INLINE vector small_sigma_1(vector x)
{
    return v_xor3(v_rotate_right(x, 17), v_rotate_right(x, 19), v_shift_right(x, 10));
}

DP_ALWAYS_INLINE vector big_sigma_0(vector x)
{
    return v_xor3(v_rotate_right(x, 2), v_rotate_right(x, 13), v_rotate_right(x, 22));
}

DP_ALWAYS_INLINE vector big_sigma_1(vector x)
{
    return v_xor3(v_rotate_right(x, 6), v_rotate_right(x, 11), v_rotate_right(x, 25));
}

/* Four words of each of four messages, in each 16 bytes of the vectors; and back, it is its own inverse. Rows
 * {0w0 0w1 0w2 0w3 | 4w0 ..}, {1w0 1w1 ..}, {2w0 ..}, {3w0 ..} become {0w0 1w0 2w0 3w0 | 4w0 ..}, {0w1 1w1 ..} .. */
DP_ALWAYS_INLINE void transpose(vector r[4])
{
    vector w01_of_01 = v_unpack_low_32(r[0], r[1]);  /* 0w0 1w0 0w1 1w1 | .. */
    vector w23_of_01 = v_unpack_high_32(r[0], r[1]); /* 0w2 1w2 0w3 1w3 | .. */
    vector w01_of_23 = v_unpack_low_32(r[2], r[3]);
    vector w23_of_23 = v_unpack_high_32(r[2], r[3]);
    r[0] = v_unpack_low_64(w01_of_01, w01_of_23);
    r[1] = v_unpack_high_64(w01_of_01, w01_of_23);
    r[2] = v_unpack_low_64(w23_of_01, w23_of_23);
    r[3] = v_unpack_high_64(w23_of_01, w23_of_23);
}

/* Words of all messages, four at a time: message i at rows[i]. */
DP_ALWAYS_INLINE void load_words(const uint8_t *const rows[LANES], int swap, vector *words, int count)
{
    for (int word = 0; word < count; word += 4) {
        for (int i = 0; i < 4; i++) {
            vector row = v_load_rows(rows + i, 4 * word);
            words[word + i] = swap ? v_swap_bytes(row) : row;
        }
        transpose(words + word);
    }
}

DP_ALWAYS_INLINE void store_state(uint8_t *const rows[LANES], int swap, const vector state[8])
{
    for (int word = 0; word < 8; word += 4) {
        vector out[4] = { state[word], state[word + 1], state[word + 2], state[word + 3] };
        transpose(out);
        for (int i = 0; i < 4; i++)
            v_store_rows(rows + i, 4 * word, swap ? v_swap_bytes(out[i]) : out[i]);
    }
}

/* One round; `kw` is K[t] + W[t]. Callers move the names by one each round instead of the values. */
#define ROUND(a, b, c, d, e, f, g, h, kw) \
    do { \
        vector t1 = v_add(v_add(v_add(h, kw), v_choose(e, f, g)), big_sigma_1(e)); \
        d = v_add(d, t1); \
        h = v_add(v_add(t1, v_majority(a, b, c)), big_sigma_0(a)); \
    } while (0)

#define EIGHT_ROUNDS(KW, t) \
    ROUND(a, b, c, d, e, f, g, h, KW(t)); \
    ROUND(h, a, b, c, d, e, f, g, KW(t + 1)); \
    ROUND(g, h, a, b, c, d, e, f, KW(t + 2)); \
    ROUND(f, g, h, a, b, c, d, e, KW(t + 3)); \
    ROUND(e, f, g, h, a, b, c, d, KW(t + 4)); \
    ROUND(d, e, f, g, h, a, b, c, KW(t + 5)); \
    ROUND(c, d, e, f, g, h, a, b, KW(t + 6)); \
    ROUND(b, c, d, e, f, g, h, a, KW(t + 7))

#define LOAD_STATE() \
    vector a = state[0], b = state[1], c = state[2], d = state[3]; \
    vector e = state[4], f = state[5], g = state[6], h = state[7]

#define ADD_STATE() \
    do { \
        state[0] = v_add(state[0], a); \
        state[1] = v_add(state[1], b); \
        state[2] = v_add(state[2], c); \
        state[3] = v_add(state[3], d); \
        state[4] = v_add(state[4], e); \
        state[5] = v_add(state[5], f); \
        state[6] = v_add(state[6], g); \
        state[7] = v_add(state[7], h); \
    } while (0)

/* w[i] is W[t - 16] of the round t = i mod 16 and becomes W[t]. */
DP_ALWAYS_INLINE vector next_word(vector w[16], int i)
{
    w[i] = v_add(v_add(w[i], small_sigma_0(w[(i + 1) % 16])), v_add(w[(i + 9) % 16], small_sigma_1(w[(i + 14) % 16])));
    return w[i];
}

/* 64 rounds over the blocks whose words `w` holds and loses. */
DP_ALWAYS_INLINE void compress_data(vector state[8], vector w[16])
{
    const uint32_t *k = dp_round_constants;
    LOAD_STATE();
#define KW_OF_BLOCK(t) v_add(w[t], v_set1(k[t]))
    EIGHT_ROUNDS(KW_OF_BLOCK, 0);
    EIGHT_ROUNDS(KW_OF_BLOCK, 8);
    for (k += 16; k < dp_round_constants + 64; k += 16) {
#define KW_OF_SCHEDULE(t) v_add(next_word(w, t), v_set1(k[t]))
        EIGHT_ROUNDS(KW_OF_SCHEDULE, 0);
        EIGHT_ROUNDS(KW_OF_SCHEDULE, 8);
    }
    ADD_STATE();
}

/* 64 rounds over the block that pads messages of 64 bytes. */
DP_ALWAYS_INLINE void compress_padding(vector state[8])
{
    LOAD_STATE();
    for (const uint32_t *kw = dp_pair_padding; kw < dp_pair_padding + 64; kw += 8) {
#define KW_OF_PADDING(t) v_set1(kw[t])
        EIGHT_ROUNDS(KW_OF_PADDING, 0);
    }
    ADD_STATE();
}

/* What pairs and nodes differ in. */
typedef struct {
    int swap_in;
    int swap_out;
    uint32_t last_word_mask;
} form;

/* One message of 64 bytes in each lane. All is loaded before anything is stored. */
DP_ALWAYS_INLINE void hash_lanes(const uint8_t *const in[LANES], uint8_t *const out[LANES], form as)
{
    vector state[8], w[16];
    for (int i = 0; i < 8; i++)
        state[i] = v_set1(dp_initial_state[i]);
    load_words(in, as.swap_in, w, 16);
    compress_data(state, w);
    compress_padding(state);
    if (as.last_word_mask != UINT32_MAX)
        state[7] = v_and(state[7], v_set1(as.last_word_mask));
    store_state(out, as.swap_out, state);
}

/* Lanes without a message repeat the first one's, for nobody. */
DP_ALWAYS_INLINE void hash_all(const uint8_t *in, uint8_t *out, size_t count, form as)
{
    const uint8_t *from[LANES];
    uint8_t *to[LANES], nowhere[DP_DIGEST];
    for (; count > 0; in += LANES * DP_BLOCK, out += LANES * DP_DIGEST) {
        size_t taken = count < LANES ? count : LANES;
        for (size_t i = 0; i < LANES; i++) {
            from[i] = i < taken ? in + DP_BLOCK * i : in;
            to[i] = i < taken ? out + DP_DIGEST * i : nowhere;
        }
        hash_lanes(from, to, as);
        count -= taken;
    }
}

static void hash_pairs(const uint8_t *pairs, uint8_t *digests, size_t count)
{
    hash_all(pairs, digests, count, (form){ 1, 1, UINT32_MAX });
}

static void next_layer(const dp_node *children, dp_node *parents, size_t count)
{
    hash_all((const uint8_t *)children, (uint8_t *)parents, count, (form){ 0, 0, DP_LAST_WORD_MASK });
}

static void first_layer(const uint8_t *raw, size_t groups, dp_node *nodes)
{
    uint8_t padded[LANES * DP_BLOCK];
    while (groups > 0) {
        size_t taken = groups < LANES / 2 ? groups : LANES / 2;
        dp_fr32_pad(raw, padded, taken);
        hash_all(padded, (uint8_t *)nodes, 2 * taken, (form){ 1, 0, DP_LAST_WORD_MASK });
        raw += DP_RAW_GROUP * taken;
        nodes += 2 * taken;
        groups -= taken;
    }
}

static void compress(uint32_t (*states)[8], const uint8_t *const *blocks, size_t count, int streams)
{
    if (streams == 1) {
        dp_compress_portable(states[0], blocks[0], count);
        return;
    }

    /* Idle lanes go over the first one's blocks; their states are nobody's. */
    const uint8_t *from[LANES];
    uint8_t *rows[LANES];
    vector state[8], w[16];
    for (int i = 0; i < LANES; i++) {
        from[i] = blocks[i < streams ? i : 0];
        rows[i] = (uint8_t *)states[i];
    }
    load_words((const uint8_t *const *)rows, 0, state, 8);
    for (; count > 0; count--) {
        load_words(from, 1, w, 16);
        compress_data(state, w);
        for (int i = 0; i < LANES; i++)
            from[i] += DP_BLOCK;
    }
    store_state(rows, 0, state);
}

static void hash_messages(const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests)
{
    static const dp_streams streams = { compress, LANES, LANES };
    dp_hash_streams(&streams, buffer, messages, count, digests);
}
