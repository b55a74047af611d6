/* Piece commitments: payload, padded by fr32, as the leaves of a binary tree of truncated SHA-256. */
#include "kernel.h"

enum {
    SEGMENT_HEIGHT = 15,

    /* The tree is hashed in blocks of 2^11 leaves. First layer and all above lie in one buffer, each layer right
     * behind the one it comes from, so that one call of next_layer makes all of them. */
    BLOCK_HEIGHT = 11,
    BLOCK_FIRST_LAYER = 1 << (BLOCK_HEIGHT - 1),
    BLOCK_GROUPS = BLOCK_FIRST_LAYER / 2,
    BLOCK_RAW = BLOCK_GROUPS * DP_RAW_GROUP,

    /* That stream ends with 16 nodes, which is as near as next_layer may follow itself and keeps all lanes busy.
     * The survivors of a segment's blocks then form a tree of their own. */
    SURVIVORS = 16,
    SURVIVOR_HEIGHT = BLOCK_HEIGHT - 4,
    UPPER_LAYER = 1 << (SEGMENT_HEIGHT - SURVIVOR_HEIGHT),

    CACHE_LINE = 64
};

typedef struct {
    dp_node block[2 * BLOCK_FIRST_LAYER];
    dp_node upper[2 * UPPER_LAYER];
} scratch_area;

/* Roots of trees of zeros, by height. */
static const dp_node zero_roots[SEGMENT_HEIGHT + 1] = {
    { { 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000 } },
    { { 0xf5a5fd42, 0xd16a2030, 0x2798ef6e, 0xd309979b, 0x43003d23, 0x20d9f0e8, 0xea9831a9, 0x2759fb0b } },
    { { 0x3731bb99, 0xac689f66, 0xeef5973e, 0x4a94da18, 0x8f4ddcae, 0x580724fc, 0x6f3fd60d, 0xfd488333 } },
    { { 0x642a607e, 0xf886b004, 0xbf2c1978, 0x463ae1d4, 0x693ac0f4, 0x10eb2d1b, 0x7a47fe20, 0x5e5e750f } },
    { { 0x57a2381a, 0x28652bf4, 0x7f6bef7a, 0xca679be4, 0xaede5871, 0xab5cf3eb, 0x2c081144, 0x88cb8526 } },
    { { 0x1f7ac959, 0x5510e09e, 0xa41c460b, 0x176430bb, 0x322cd6fb, 0x412ec57c, 0xb17d989a, 0x4310372f } },
    { { 0xfc7e9282, 0x96e516fa, 0xade986b2, 0x8f92d44a, 0x4f24b935, 0x48522337, 0x6a799027, 0xbc18f833 } },
    { { 0x08c47b38, 0xee13bc43, 0xf41b915c, 0x0eed9911, 0xa26086b3, 0xed62401b, 0xf9d58b8d, 0x19dff624 } },
    { { 0xb2e47bfb, 0x11facd94, 0x1f62af5c, 0x750f3ea5, 0xcc4df517, 0xd5c4f16d, 0xb2b4d77b, 0xaec1a32f } },
    { { 0xf9226160, 0xc8f927bf, 0xdcc418cd, 0xf2034931, 0x46008eae, 0xfb7d0219, 0x4d5e5481, 0x89005108 } },
    { { 0x2c1a964b, 0xb90b59eb, 0xfe0f6da2, 0x9ad65ae3, 0xe417724a, 0x8f7c1174, 0x5a40cac1, 0xe5e74011 } },
    { { 0xfee378ce, 0xf16404b1, 0x99ede0b1, 0x3e11b624, 0xff9d784f, 0xbbed878d, 0x83297e79, 0x5e024f02 } },
    { { 0x8e9e2403, 0xfa884cf6, 0x237f60df, 0x25f83ee4, 0x0dca9ed8, 0x79eb6f63, 0x52d15084, 0xf5ad0d3f } },
    { { 0x752d9693, 0xfa167524, 0x395476e3, 0x17a98580, 0xf00947af, 0xb7a30540, 0xd625a929, 0x1cc12a07 } },
    { { 0x7022f60f, 0x7ef6adfa, 0x17117a52, 0x619e30ce, 0xa82c6807, 0x5adf1c66, 0x7786ec50, 0x6eef2d19 } },
    { { 0xd99887b9, 0x73573a96, 0xe1139364, 0x5236c17b, 0x1f4c7034, 0xd723c7a9, 0x9f709bb4, 0xda61162b } },
};

/* The element at bit `from` of the group: 254 bits as four words. A word that starts inside a byte touches nine bytes:
 * a load gives the low bits, the load one byte further the high ones, and where both overlap they agree. */
DP_ALWAYS_INLINE void fr32_element(const uint8_t *raw, int element, uint8_t *padded)
{
    int bit = 254 * element, byte = bit / 8, shift = bit % 8;
    uint64_t words[4];
    memcpy(words, raw + byte, sizeof words);
    if (shift != 0) {
        for (int i = 0; i < 4; i++) {
            uint64_t high = 0;
            /* The last word has its 62 bits from the first load alone if shift is 2: that load ends with the group. */
            if (element != 3 || i != 3)
                memcpy(&high, raw + byte + 8 * i + 1, sizeof high);
            words[i] = words[i] >> shift | high << (8 - shift);
        }
    }
    words[3] &= UINT64_MAX >> 2;
    memcpy(padded + DP_DIGEST * element, words, sizeof words);
}

void dp_fr32_pad(const uint8_t *raw, uint8_t *padded, size_t groups)
{
    for (; groups > 0; groups--, raw += DP_RAW_GROUP, padded += DP_PADDED_GROUP) {
        fr32_element(raw, 0, padded);
        fr32_element(raw, 1, padded);
        fr32_element(raw, 2, padded);
        fr32_element(raw, 3, padded);
    }
}

/* Ends at the first byte that is not zero, so it takes time only where it saves far more. */
static int all_zero(const uint8_t *raw, size_t length)
{
    uint64_t word;
    for (; length >= sizeof word; raw += sizeof word, length -= sizeof word) {
        memcpy(&word, raw, sizeof word);
        if (word != 0)
            return 0;
    }
    for (; length > 0; raw++, length--) {
        if (*raw != 0)
            return 0;
    }
    return 1;
}

static void fill(dp_node *nodes, size_t count, const dp_node *value)
{
    for (size_t i = 0; i < count; i++)
        nodes[i] = *value;
}

/* `count` nodes of height 1; payload that ends early is extended with zeros. */
static void first_layer(const dp_kernel *kernel, const uint8_t *raw, size_t length, dp_node *nodes, size_t count)
{
    size_t groups = length / DP_RAW_GROUP, rest = length % DP_RAW_GROUP;
    kernel->first_layer(raw, groups, nodes);
    if (rest > 0) {
        uint8_t group[DP_RAW_GROUP] = { 0 };
        memcpy(group, raw + groups * DP_RAW_GROUP, rest);
        kernel->first_layer(group, 1, nodes + 2 * groups);
        groups++;
    }
    fill(nodes + 2 * groups, count - 2 * groups, &zero_roots[1]);
}

/* Hashes a layer of a power of two of nodes, with room for as many behind it, down to at most 16; returns where
 * those are. */
static dp_node *reduce_to_survivors(const dp_kernel *kernel, dp_node *layer, size_t count)
{
    if (count <= SURVIVORS)
        return layer;
    kernel->next_layer(layer, layer + count, count - SURVIVORS);
    return layer + 2 * count - 2 * SURVIVORS;
}

/* The same down to the root. */
static dp_node *reduce_to_root(const dp_kernel *kernel, dp_node *layer, size_t count)
{
    dp_node *nodes = reduce_to_survivors(kernel, layer, count);
    for (size_t left = count < SURVIVORS ? count : SURVIVORS; left > 1; left /= 2)
        kernel->next_layer(nodes, nodes, left / 2);
    return nodes;
}

static void subtree_root(const dp_kernel *kernel, const uint8_t *raw, size_t length, int height, dp_node *root, scratch_area *scratch)
{
    /* Zeros beyond the smallest tree that holds the payload are not hashed. */
    int natural = 2;
    while (natural < height && length > (size_t)DP_RAW_GROUP << (natural - 2))
        natural++;

    dp_node pair[2];
    if (natural <= BLOCK_HEIGHT) {
        size_t count = (size_t)1 << (natural - 1);
        first_layer(kernel, raw, length, scratch->block, count);
        pair[0] = *reduce_to_root(kernel, scratch->block, count);
    } else {
        size_t count = (size_t)1 << (natural - SURVIVOR_HEIGHT);
        dp_node *upper = scratch->upper, *end = upper + count;
        for (; length > 0; upper += SURVIVORS) {
            size_t taken = length < BLOCK_RAW ? length : BLOCK_RAW;
            if (all_zero(raw, taken)) {
                fill(upper, SURVIVORS, &zero_roots[SURVIVOR_HEIGHT]);
            } else {
                first_layer(kernel, raw, taken, scratch->block, BLOCK_FIRST_LAYER);
                memcpy(upper, reduce_to_survivors(kernel, scratch->block, BLOCK_FIRST_LAYER), SURVIVORS * sizeof *upper);
            }
            raw += taken;
            length -= taken;
        }
        fill(upper, (size_t)(end - upper), &zero_roots[SURVIVOR_HEIGHT]);
        pair[0] = *reduce_to_root(kernel, scratch->upper, count);
    }

    for (; natural < height; natural++) {
        pair[1] = zero_roots[natural];
        kernel->next_layer(pair, pair, 1);
    }
    *root = pair[0];
}

static void store_node(uint8_t *bytes, const dp_node *node)
{
    for (int i = 0; i < 8; i++)
        dp_store_be32(bytes + 4 * i, node->word[i]);
}

static scratch_area *aligned(uint8_t *scratch)
{
    return (scratch_area *)(((uintptr_t)scratch + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
}

size_t dp_scratch_size(void)
{
    return sizeof(scratch_area) + CACHE_LINE - 1;
}

void dp_subtree_root(int kernel, const uint8_t *raw, size_t length, int height, uint8_t *root, uint8_t *scratch)
{
    dp_node node;
    subtree_root(dp_kernel_at(kernel), raw, length, height, &node, aligned(scratch));
    store_node(root, &node);
}

void dp_hash_segments(int kernel, const uint8_t *raw, size_t length, uint8_t *nodes, uint8_t *scratch)
{
    while (length > 0) {
        size_t taken = length < DP_SEGMENT_LENGTH ? length : DP_SEGMENT_LENGTH;
        dp_subtree_root(kernel, raw, taken, SEGMENT_HEIGHT, nodes, scratch);
        raw += taken;
        length -= taken;
        nodes += DP_DIGEST;
    }
}
