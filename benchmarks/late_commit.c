/* A module of the PostgreSQL server that lets each durable commit take `late.microseconds` longer.
 *
 * It waits where a commit waits for a synchronous standby: after its record was flushed, with its locks held, beside the
 * others and not in turn with them (a slow disk would let them take turns). Written against the server's own functions
 * without its headers, which are a package of their own; the magic block below is checked by the server when it loads.
 *
 *     cc -shared -fPIC -DMAJOR=15 -o late_commit.so late_commit.c
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if MAJOR >= 19
#error "this server's magic block is not known here"
#endif

struct magic {
    int length, version, function_arguments, index_keys, name_length, float8_by_value;
    char abi[32];
};

/* Of the server: the values are those of its enums XactEvent, SyncCommitLevel and GucContext. */
enum { COMMITTED = 0, FLUSHED_HERE = 1, ON_RELOAD = 2 };
extern int synchronous_commit;
extern uint32_t GetTopTransactionIdIfAny(void);
extern void pg_usleep(long microseconds);
extern void RegisterXactCallback(void (*called)(int event, void *argument), void *argument);
extern void DefineCustomIntVariable(const char *name, const char *what, const char *more, int *value, int standard,
    int least, int most, int context, int flags, void *check, void *assign, void *show);

static int microseconds;

const struct magic *Pg_magic_func(void) {
    static const struct magic it = {sizeof it, MAJOR * 100, 100, 32, 64, true, "PostgreSQL"};
    return &it;
}

static void after(int event, void *argument) {
    (void) argument;
    if (event == COMMITTED && microseconds > 0 && synchronous_commit > FLUSHED_HERE && GetTopTransactionIdIfAny() != 0)
        pg_usleep(microseconds);
}

void _PG_init(void) {
    DefineCustomIntVariable("late.microseconds", "How much longer a durable commit takes.", NULL, &microseconds, 0, 0,
        1000000, ON_RELOAD, 0, NULL, NULL, NULL);
    RegisterXactCallback(after, NULL);
}
