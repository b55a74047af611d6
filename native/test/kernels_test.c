/* Every path of the library against known answers and against the portable path.
 *
 *   kernels_test [known|messages|pairs|trees|all] [seed]
 *   kernels_test bench [seconds for each figure]
 *   kernels_test instructions */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "dataprep_kernels.h"

enum { BLOCK = 64, DIGEST = 32, GROUP = 127, HIGHEST = 15 };

uint64_t random_state;
static int failures;

uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

size_t random_below(size_t limit)
{
    return (size_t)(random_next() >> 16) % limit;
}

void random_fill(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(random_next() >> 24);
}

static size_t pages(size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (length + page - 1) / page * page;
}

uint8_t *guarded(size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = pages(length);
    uint8_t *start = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + room, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(2);
    }
    return start + room - length;
}

void guarded_free(uint8_t *bytes, size_t length)
{
    munmap(bytes + length - pages(length), pages(length) + (size_t)sysconf(_SC_PAGESIZE));
}

static void expect(const uint8_t *actual, const uint8_t *expected, size_t length, int kernel, const char *what, size_t a, size_t b)
{
    if (memcmp(actual, expected, length) == 0)
        return;
    if (++failures <= 20)
        printf("FAIL %s: %s (%zu, %zu)\n", dp_kernel_name(kernel), what, a, b);
}

static int portable(void)
{
    return dp_kernel_count() - 1;
}

static void from_hex(const char *hex, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned byte;
        sscanf(hex + 2 * i, "%2x", &byte);
        bytes[i] = (uint8_t)byte;
    }
}

/* ---- known answers ---- */

/* FIPS 180-2 appendix B and NIST's short and long message examples. */
static const struct {
    const char *text;
    size_t repeat;
    const char *digest;
} sha256_answers[] = {
    { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1,
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

/* Roots of payload byte i = ((37 i i + 37 (i >> 5) + 11) >> 2) & 255, from hashlib and integer arithmetic on the
 * definition of fr32 (Python 3.11, 2026-11). */
static const struct {
    size_t length;
    int height;
    const char *root;
} root_answers[] = {
    { 0, 2, "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333" },
    { 0, 15, "d99887b973573a96e11393645236c17b1f4c7034d723c7a99f709bb4da61162b" },
    { 1, 3, "2be68799214d016aa54709ae7d8d5064d82908093affd75b7ff7b10c126fe716" },
    { 127, 2, "b62855e99dce2503d09ade979219123cfda2f9497a8a5cf802cfb5b5c2537a3a" },
    { 1000, 5, "43f301be95815d7536b72a4b433b4891f07e332d299aa7d4adeb6094e1756d10" },
    { 2033, 7, "c069496bb9f28dbf4f8beff9a9d2bcde016658674f89302b08cc2080e77c832c" },
    { 65025, 12, "5f621e64309743ff620311cddd6c5cd5f0ffa35c92bec498c7ed1643bf24291f" },
    { 600000, 15, "3d5720a66ce8f5c0eb73f79f6e903a469086e9dbe54e7c432db4ebf01743e82d" },
    { 1040384, 15, "4c79c4ca7fa251282484d36c33752e300176321b59fdf6c8cecacf9392827b15" },
};

static uint8_t formula(size_t i)
{
    return (uint8_t)((37 * i * i + 37 * (i >> 5) + 11) >> 2);
}

static void test_known(int kernel)
{
    uint8_t expected[DIGEST], digest[DIGEST];
    uint8_t *scratch = guarded(dp_scratch_size());
    for (size_t i = 0; i < sizeof sha256_answers / sizeof *sha256_answers; i++) {
        size_t unit = strlen(sha256_answers[i].text), length = unit * sha256_answers[i].repeat;
        uint8_t *message = guarded(length);
        for (size_t at = 0; at < length; at++)
            message[at] = (uint8_t)sha256_answers[i].text[at % unit];
        dp_message range = { 0, (int32_t)length };
        from_hex(sha256_answers[i].digest, expected, DIGEST);
        dp_hash_messages(kernel, message, &range, 1, digest);
        expect(digest, expected, DIGEST, kernel, "SHA-256 example", i, length);
        guarded_free(message, length);
    }
    for (size_t i = 0; i < sizeof root_answers / sizeof *root_answers; i++) {
        size_t length = root_answers[i].length;
        uint8_t *raw = guarded(length);
        for (size_t at = 0; at < length; at++)
            raw[at] = formula(at);
        from_hex(root_answers[i].root, expected, DIGEST);
        dp_subtree_root(kernel, raw, length, root_answers[i].height, digest, scratch);
        expect(digest, expected, DIGEST, kernel, "CommP example", length, (size_t)root_answers[i].height);
        guarded_free(raw, length);
    }
    guarded_free(scratch, dp_scratch_size());
}

/* ---- messages ---- */

/* `count` messages at random places of a buffer that ends with the last of them. */
static void check_messages(int kernel, size_t count, size_t longest, int all_longest)
{
    dp_message *messages = (dp_message *)guarded(count * sizeof *messages);
    size_t length = longest + random_below(2 * BLOCK);
    uint8_t *buffer = guarded(length), *digests = guarded(count * DIGEST), *expected = guarded(count * DIGEST);
    random_fill(buffer, length);
    for (size_t i = 0; i < count; i++) {
        size_t size = all_longest ? longest : random_below(longest + 1);
        messages[i].length = (int32_t)size;
        messages[i].offset = (int32_t)(i % 3 == 0 ? length - size : random_below(length - size + 1));
    }
    dp_hash_messages(kernel, buffer, messages, count, digests);
    dp_hash_messages(portable(), buffer, messages, count, expected);
    expect(digests, expected, count * DIGEST, kernel, "messages: count, longest", count, longest);
    guarded_free((uint8_t *)messages, count * sizeof *messages);
    guarded_free(buffer, length);
    guarded_free(digests, count * DIGEST);
    guarded_free(expected, count * DIGEST);
}

static void test_messages(int kernel)
{
    dp_hash_messages(kernel, NULL, NULL, 0, NULL);
    for (size_t length = 0; length <= 300; length++) {
        check_messages(kernel, 1 + length % 5, length, 1);
        check_messages(kernel, 1 + random_below(40), length, 0);
    }
    for (size_t count = 1; count <= 40; count++) {
        check_messages(kernel, count, 4000, 0);
        check_messages(kernel, count, 64 * count, 1);
        check_messages(kernel, count, 200, 0);
    }
    check_messages(kernel, 20, 100000, 0);
    check_messages(kernel, 7, 1 << 20, 0);
    check_messages(kernel, 500, 3000, 0);

    /* All alignments of message and digests. */
    static uint8_t buffer[2048], digests[64 + 40 * DIGEST], expected[40 * DIGEST];
    random_fill(buffer, sizeof buffer);
    for (int32_t alignment = 0; alignment < 64; alignment++) {
        dp_message messages[40];
        for (int32_t i = 0; i < 40; i++) {
            messages[i].offset = (alignment + i) % 64;
            messages[i].length = 1000 + 7 * i;
        }
        dp_hash_messages(kernel, buffer, messages, 40, digests + alignment);
        dp_hash_messages(portable(), buffer, messages, 40, expected);
        expect(digests + alignment, expected, sizeof expected, kernel, "messages: alignment", (size_t)alignment, 40);
    }
}

/* ---- pairs ---- */

static void test_pairs(int kernel)
{
    dp_hash_pairs(kernel, NULL, NULL, 0);
    for (size_t round = 0; round < 160; round++) {
        size_t count = round < 80 ? 1 + round % 40 : 1 + random_below(1000);
        uint8_t *pairs = guarded(count * BLOCK), *digests = guarded(count * DIGEST), *expected = guarded(count * DIGEST);
        dp_message *messages = (dp_message *)guarded(count * sizeof *messages);
        random_fill(pairs, count * BLOCK);
        for (size_t i = 0; i < count; i++)
            messages[i] = (dp_message){ (int32_t)(i * BLOCK), BLOCK };
        dp_hash_messages(portable(), pairs, messages, count, expected);
        dp_hash_pairs(kernel, pairs, digests, count);
        expect(digests, expected, count * DIGEST, kernel, "pairs: count", count, 0);
        dp_hash_pairs(kernel, pairs, pairs, count);
        expect(pairs, expected, count * DIGEST, kernel, "pairs in place: count", count, 0);
        guarded_free(pairs, count * BLOCK);
        guarded_free(digests, count * DIGEST);
        guarded_free(expected, count * DIGEST);
        guarded_free((uint8_t *)messages, count * sizeof *messages);
    }

    /* All alignments, with bytes around the output that must stay. */
    static uint8_t source[64 + 21 * BLOCK], target[64 + 21 * BLOCK + 64], expected[21 * DIGEST];
    random_fill(source, sizeof source);
    for (size_t alignment = 0; alignment < 64; alignment++) {
        memcpy(target + alignment, source + 63 - alignment, 21 * BLOCK);
        dp_hash_pairs(portable(), source + 63 - alignment, expected, 21);
        dp_hash_pairs(kernel, target + alignment, target + alignment, 21);
        expect(target + alignment, expected, sizeof expected, kernel, "pairs: alignment", alignment, 1);
        expect(target + alignment + sizeof expected, source + 63 - alignment + sizeof expected, 20 * DIGEST, kernel,
               "pairs: what follows the output", alignment, 1);
        memset(target, 0x5a, sizeof target);
        dp_hash_pairs(kernel, source + alignment, target + 63 - alignment, 20);
        dp_hash_pairs(portable(), source + alignment, expected, 20);
        expect(target + 63 - alignment, expected, 20 * DIGEST, kernel, "pairs: alignment", alignment, 2);
        if (target[63 - alignment + 20 * DIGEST] != 0x5a || (alignment < 63 && target[62 - alignment] != 0x5a))
            expect((const uint8_t *)"x", (const uint8_t *)"y", 1, kernel, "pairs: bytes around the output", alignment, 2);
    }
}

/* ---- trees ---- */

/* The definition, slowly: bit after bit, then layer after layer. */
static void reference_root(const uint8_t *raw, size_t length, int height, uint8_t *root)
{
    size_t leaves = (size_t)1 << height;
    uint8_t *nodes = calloc(leaves, DIGEST);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        size_t to = bit / 254 * 256 + bit % 254;
        nodes[to / 8] |= (uint8_t)((raw[bit / 8] >> (bit % 8) & 1) << (to % 8));
    }
    for (size_t count = leaves / 2; count > 0; count /= 2) {
        dp_hash_pairs(portable(), nodes, nodes, count);
        for (size_t i = 0; i < count; i++)
            nodes[i * DIGEST + DIGEST - 1] &= 0x3f;
    }
    memcpy(root, nodes, DIGEST);
    free(nodes);
}

static void check_tree(int kernel, size_t length, int height, size_t zeros_from, uint8_t *scratch)
{
    uint8_t *raw = guarded(length), *root = guarded(DIGEST), expected[DIGEST];
    random_fill(raw, length);
    if (zeros_from < length)
        memset(raw + zeros_from, 0, length - zeros_from);
    dp_subtree_root(kernel, raw, length, height, root, scratch);
    reference_root(raw, length, height, expected);
    expect(root, expected, DIGEST, kernel, "sub-tree: length, height", length, (size_t)height);
    guarded_free(raw, length);
    guarded_free(root, DIGEST);
}

static void test_heights(int kernel, uint8_t *scratch)
{
    for (int height = 2; height <= HIGHEST; height++) {
        size_t most = (size_t)GROUP << (height - 2);
        for (size_t length = 0; length <= 3 * GROUP && length <= most; length += height < 7 ? 1 : 61)
            check_tree(kernel, length, height, length, scratch);
        for (size_t part = 4 * GROUP; part <= most; part *= 2) {
            if (height < HIGHEST && part < most / 2)
                continue;
            for (size_t length = part - 1; length <= part + 1 && length <= most; length++)
                check_tree(kernel, length, height, length, scratch);
        }
        check_tree(kernel, most, height, most, scratch);
        check_tree(kernel, most - 1, height, most, scratch);
        check_tree(kernel, most, height, most / 3, scratch);
        check_tree(kernel, most, height, 0, scratch);
        for (int i = 0; i < 6; i++)
            check_tree(kernel, random_below(most + 1), height, most, scratch);
    }
}

static void test_segments(int kernel, uint8_t *scratch)
{
    static const struct {
        size_t segments;
        int more;
    } lengths[] = { { 0, 0 }, { 0, 1 }, { 0, 5000 }, { 1, -1 }, { 1, 0 }, { 1, 1 }, { 1, 126 }, { 1, 127 }, { 1, 128 }, { 2, -1 }, { 2, 0 }, { 2, 1 }, { 3, 77777 } };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t length = lengths[i].segments * DP_SEGMENT_LENGTH + (size_t)lengths[i].more;
        size_t count = (length + DP_SEGMENT_LENGTH - 1) / DP_SEGMENT_LENGTH;
        uint8_t *raw = guarded(length), *nodes = guarded(count * DIGEST), expected[DIGEST];
        random_fill(raw, length);
        dp_hash_segments(kernel, raw, length, nodes, scratch);
        for (size_t at = 0; at < count; at++) {
            size_t from = at * DP_SEGMENT_LENGTH, left = length - from;
            reference_root(raw + from, left < DP_SEGMENT_LENGTH ? left : DP_SEGMENT_LENGTH, HIGHEST, expected);
            expect(nodes + at * DIGEST, expected, DIGEST, kernel, "segments: length, segment", length, at);
        }
        guarded_free(raw, length);
        guarded_free(nodes, count * DIGEST);
    }
}

static void test_trees(int kernel)
{
    /* Scratch holds garbage from the start and has no page behind it. */
    uint8_t *scratch = guarded(dp_scratch_size());
    random_fill(scratch, dp_scratch_size());
    test_heights(kernel, scratch);
    test_segments(kernel, scratch);
    guarded_free(scratch, dp_scratch_size());
}

static const struct {
    const char *name;
    void (*test)(int kernel);
} tests[] = { { "known", test_known }, { "messages", test_messages }, { "pairs", test_pairs }, { "trees", test_trees } };

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "all";
    if (strcmp(wanted, "bench") == 0)
        return bench(argc > 2 ? atof(argv[2]) : 0.3);
    if (strcmp(wanted, "instructions") == 0)
        return count_instructions();

    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761u + (uint64_t)getpid();
    printf("seed %" PRIu64 "\n", seed);
    if (dp_abi_version() != DP_ABI_VERSION || strcmp(dp_kernel_name(portable()), "portable-c") != 0 || !dp_kernel_supported(portable()) ||
        dp_kernel_supported(-1) || dp_kernel_supported(dp_kernel_count()) || dp_kernel_name(dp_kernel_count()) != NULL) {
        printf("FAIL list of kernels\n");
        return 1;
    }

    int ran = 0;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (strcmp(wanted, "all") != 0 && strcmp(wanted, tests[i].name) != 0)
            continue;
        for (int kernel = 0; kernel < dp_kernel_count(); kernel++) {
            random_state = seed | 1;
            if (!dp_kernel_supported(kernel)) {
                printf("%s %s: not on this CPU\n", tests[i].name, dp_kernel_name(kernel));
                continue;
            }
            int before = failures;
            tests[i].test(kernel);
            printf("%s %s: %s\n", tests[i].name, dp_kernel_name(kernel), failures == before ? "ok" : "FAILED");
            ran++;
        }
    }
    return failures == 0 && ran > 0 ? 0 : 1;
}
