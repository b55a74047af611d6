/* Instructions per node and per leaf byte of each path, counted by single steps of a child process: exact, the same
 * on every run, and there also where the CPU's own counters are not. x86-64 Linux. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataprep_kernels.h"

#if defined(__linux__) && defined(__x86_64__)
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t *input, *output, *scratch;

static void run_pairs(int kernel, size_t count)
{
    dp_hash_pairs(kernel, input, output, count);
}

static void run_tree(int kernel, size_t height)
{
    dp_subtree_root(kernel, input, (size_t)127 << (height - 2), (int)height, output, scratch);
}

static void run_messages(int kernel, size_t blocks)
{
    dp_message messages[16];
    for (int i = 0; i < 16; i++)
        messages[i] = (dp_message){ i * 64 * (int32_t)blocks, 64 * (int32_t)blocks };
    dp_hash_messages(kernel, input, messages, 16, output);
}

/* Instructions between two stops of the child, with the work between them. */
static uint64_t count_steps(void (*work)(int, size_t), int kernel, size_t size)
{
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        work(kernel, size); /* pages are there, functions bound */
        raise(SIGSTOP);
        work(kernel, size);
        raise(SIGUSR1);
        _exit(0);
    }

    int status;
    uint64_t steps = 0;
    waitpid(child, &status, 0);
    while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGUSR1) {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0)
            break;
        waitpid(child, &status, 0);
        steps++;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return steps;
}

/* The difference of two sizes leaves out what a call and the signals cost. */
static double slope(void (*work)(int, size_t), int kernel, size_t small, size_t large, double small_units, double large_units)
{
    uint64_t less = count_steps(work, kernel, small), more = count_steps(work, kernel, large);
    return (double)(more - less) / (large_units - small_units);
}

int count_instructions(void)
{
    input = malloc(1 << 20);
    output = malloc(1 << 16);
    scratch = malloc(dp_scratch_size());
    random_state = 88172645463325252u;
    random_fill(input, 1 << 20);
    printf("%-12s %18s %24s %24s\n", "", "a node (pairs)", "a node (sub-tree, fr32)", "a block of 64 B (leaf)");
    /* Without the portable path, the last one: ten times the steps for a figure that nobody waits for. */
    for (int kernel = 0; kernel < dp_kernel_count() - 1; kernel++) {
        if (!dp_kernel_supported(kernel))
            continue;
        /* 2^h leaves make 2^h - 1 nodes */
        printf("%-12s %18.1f %24.1f %24.1f\n", dp_kernel_name(kernel), slope(run_pairs, kernel, 32, 64, 32, 64),
               slope(run_tree, kernel, 8, 9, 255, 511), slope(run_messages, kernel, 4, 8, 16 * 4, 16 * 8));
        fflush(stdout);
    }
    return 0;
}
#else
int count_instructions(void)
{
    printf("instructions are counted on x86-64 Linux\n");
    return 0;
}
#endif
