/*
 * A newline in a channel name must not start another log line, and JSON lines must stay valid JSON.
 */
#include "base/log.h"

#include "cmocka_all.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int stderr_before, pipe_ends[2];
static char caught[16384];

static void catch_begin(void)
{
    assert_int_equal(pipe(pipe_ends), 0);
    stderr_before = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
}

/* What was written to standard error since catch_begin(). */
static const char *catch_end(void)
{
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    close(pipe_ends[1]);
    ssize_t len = read(pipe_ends[0], caught, sizeof caught - 1);
    close(pipe_ends[0]);
    caught[len > 0 ? len : 0] = '\0';
    return caught;
}

static void assert_ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    assert_true(len >= end_len);
    assert_string_equal(text + len - end_len, end);
}

static void writes_a_text_line(void **state)
{
    char expected[128];
    (void)state;
    log_open(LOG_INFO, false, "worker");
    catch_begin();
    log_info("redis_up", "address=%s port=%d", "10.0.0.5", 6379);
    const char *line = catch_end();
    snprintf(expected, sizeof expected, "Z info worker[%d] redis_up address=10.0.0.5 port=6379\n", (int)getpid());
    assert_ends_with(line, expected);
    assert_int_equal(strlen(line) - strlen(expected), strlen("2025-01-31T12:00:00.123"));
    assert_int_equal(line[10], 'T');
}

static void writes_a_json_line(void **state)
{
    char expected[256];
    (void)state;
    log_open(LOG_INFO, true, "worker");
    catch_begin();
    log_warn("gone", "reason=reset by peer count=12 name=\"a b\\x22 c=d\" id=007 empty= last=%s", "x\\y");
    const char *line = catch_end();
    snprintf(expected, sizeof expected,
             "Z\",\"level\":\"warn\",\"message\":\"gone\",\"role\":\"worker\",\"pid\":%d,\"reason\":\"reset by peer\","
             "\"count\":12,\"name\":\"a b\\\\x22 c=d\",\"id\":\"007\",\"empty\":\"\",\"last\":\"x\\\\y\"}\n",
             (int)getpid());
    assert_ends_with(line, expected);
    catch_begin();
    log_info("plain", "just words");
    assert_ends_with(catch_end(), ",\"text\":\"just words\"}\n");
    catch_begin();
    log_info("bare", "%s", "");
    assert_ends_with(catch_end(), "}\n");
}

static void numbers_that_any_reader_holds_are_numbers(void **state)
{
    (void)state;
    log_open(LOG_INFO, true, "worker");
    catch_begin();
    log_info("count", "a=0 b=999999999999999 c=1000000000000000 d=-1 e=1.5 f=5ms g=00");
    assert_ends_with(catch_end(), ",\"a\":0,\"b\":999999999999999,\"c\":\"1000000000000000\",\"d\":\"-1\","
                                  "\"e\":\"1.5\",\"f\":\"5ms\",\"g\":\"00\"}\n");
}

static void one_line_whatever_comes(void **state)
{
    char nasty[4000];
    (void)state;
    for (unsigned i = 0; i < sizeof nasty - 1; i++)
        nasty[i] = "\n\"\\=x\x1b "[i % 7];
    nasty[sizeof nasty - 1] = '\0';
    for (int json = 0; json < 2; json++) {
        log_open(LOG_INFO, json, "worker");
        catch_begin();
        log_error("nasty", "a=%s", nasty);
        const char *line = catch_end();
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        assert_null(strchr(line, '\x1b'));
        assert_true(strlen(line) <= 4096);
        if (json)
            assert_ends_with(line, "\"}\n");
    }
}

static void keeps_levels_and_errno(void **state)
{
    (void)state;
    log_open(LOG_WARN, false, "worker");
    assert_true(log_is_on(LOG_ERROR) && log_is_on(LOG_WARN) && !log_is_on(LOG_INFO));
    errno = EBUSY;
    catch_begin();
    errno = EBUSY;
    log_info("hidden", "%s", "");
    log_debug("hidden", "%s", "");
    log_warn("shown", "%s", "");
    assert_int_equal(errno, EBUSY);
    const char *line = catch_end();
    assert_null(strstr(line, "hidden"));
    assert_non_null(strstr(line, "shown"));
}

static void escapes_and_cuts(void **state)
{
    char out[LOG_TEXT_MAX], bytes[500];
    (void)state;
    assert_string_equal(log_text(out, "a\"b\\c\n\xff", 7), "a\\x22b\\x5cc\\x0a\\xff");
    assert_string_equal(log_text(out, "abc", 2), "ab");
    assert_string_equal(log_text(out, NULL, 0), "");
    memset(bytes, 0x01, sizeof bytes);
    assert_int_equal(strlen(log_text(out, bytes, sizeof bytes)), 120 * 4 + 3);
    assert_string_equal(LOG_TEXT("x", 1), "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_text_line),
        cmocka_unit_test(writes_a_json_line),
        cmocka_unit_test(numbers_that_any_reader_holds_are_numbers),
        cmocka_unit_test(one_line_whatever_comes),
        cmocka_unit_test(keeps_levels_and_errno),
        cmocka_unit_test(escapes_and_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
