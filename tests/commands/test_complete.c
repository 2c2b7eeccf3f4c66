#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "commands/complete.h"
#include "status/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENTS_MAX 400

static const struct command *const COMMANDS[] = {&COMMAND_RUN, &COMMAND_REPLAY,
	&COMMAND_EXPLAIN, &COMMAND_DIFF, &COMMAND_SHIP, &COMMAND_FLEET, &COMMAND_UNBAN,
	&COMMAND_EXPORT, &COMMAND_CHECK};

static char folder[] = "/tmp/test_complete.XXXXXX";
static char offered[65536];

/* What is printed for a line, cut at blanks as bash cuts it; a last blank: an empty word. */
static const char *offers(const char *line)
{
	static char text[65536];
	char *list[ARGUMENTS_MAX];
	int count = 0;
	(void)snprintf(text, sizeof(text), "%s", line);
	char *rest = text;
	for (char *word;
		count < ARGUMENTS_MAX && (word = strsep(&rest, " ")) != NULL;) {
		list[count++] = word;
	}
	FILE *file = tmpfile();
	assert_non_null(file);
	(void)fflush(stdout);
	const int kept = dup(STDOUT_FILENO);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	assert_int_equal(complete_run(COMMANDS, sizeof(COMMANDS) / sizeof(COMMANDS[0]),
				 count, list),
		COMMAND_OK);
	(void)fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	(void)close(kept);
	rewind(file);
	offered[fread(offered, 1, sizeof(offered) - 1, file)] = '\0';
	(void)fclose(file);
	return offered;
}

static void assert_offers(const char *line, const char *wanted)
{
	assert_string_equal(offers(line), wanted);
}

/* The same with the path of a file of that text for the %s in the line. */
static void assert_offers_with(const char *format, const char *text, const char *wanted)
{
	char path[64];
	char line[256];
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	const char *hole = strstr(format, "%s");
	(void)snprintf(line, sizeof(line), "%.*s%s%s", (int)(hole - format), format,
		path, hole + 2);
	assert_offers(line, wanted);
	assert_int_equal(unlink(path), 0);
}

static void the_first_word_is_a_command(void **state)
{
	(void)state;
	assert_offers("", "run\nreplay\nexplain\ndiff\nship\nfleet\nunban\nexport\nchec"
			  "k\n--help\n"
			  "--version\n");
	assert_offers("re", "replay\n");
	assert_offers("--v", "--version\n");
	assert_offers("nope", "");
	assert_offers("nope --", "");
}

static void options_are_those_of_the_command(void **state)
{
	(void)state;
	assert_offers("fleet -", "--config\n--top\n--json\n--observed\n--write\n"
				 "--pairs\n--html\n--matrix\n--lang\n--help\n");
	assert_offers("run --fa", "--family-silence\n--fail-closed\n");
	assert_offers("replay --fa", "");
	assert_offers("replay x --st", "--state\n");
	assert_offers("export ", /* takes no words */
		"--to\n--matrix\n--cross\n--language\n--log-group\n--inline\n--queue\n-"
		"-limit\n"
		"--tunnels\n--local\n--fail-closed\n--help\n");
}

#define FORMS "csv\nmarkdown\nhtml\njson\nyaml\niptables\nnftables\nsuricata\nareas\n"

static void the_value_of_an_option_is_of_its_kind(void **state)
{
	(void)state;
	assert_offers("export --to ", FORMS);
	assert_offers("export --to n", "nftables\n");
	assert_offers("run --mode ", "audit\nenforce\n");
	assert_offers("run --ndpi n", "no\n");
	assert_offers("run -m ", ":file\n");
	assert_offers("diff ", ":file\n");
	assert_offers("diff old.yaml ", ":file\n");
	assert_offers("diff old.yaml new.yaml monday.pcap ", ":file\n");
	assert_offers("ship -c x --journal ", ":dir\n");
	assert_offers("run --user ", ":user\n");
	assert_offers("run -i lo", "lo\n");
	assert_offers("fleet --top ", "");
	assert_offers("run --json ", offers("run ")); /* is no option of run */
}

static void a_value_behind_an_equals_sign_is_cut_as_bash_cuts_it(void **state)
{
	(void)state;
	assert_offers("export --to = n", "nftables\n");
	assert_offers("export --to =", FORMS);
	assert_offers("run --action tls.missin", "tls.missing=\n");
	assert_offers("run --action tls.missing =", "accept\nrefuse\nreject\ndrop\n");
	assert_offers("run --action tls.missing = re", "refuse\nreject\n");
	assert_offers("run --action = tls.missing = d", "drop\n");
	assert_offers("run --alert-rate sensor.output-d", "sensor.output-down=\n");
	assert_offers("run --action sensor.out", ""); /* nothing to block */
}

static void a_value_that_is_not_cut_is_offered_whole(void **state)
{
	(void)state;
	assert_offers("export --to=n", "--to=nftables\n");
	assert_offers("run --action tls.missing=d", "tls.missing=drop\n");
	assert_offers("run --action=tls.missing=d", "--action=tls.missing=drop\n");
	assert_offers("run -ilo", "-ilo\n");
}

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24], lab: [198.51.100.0/24]}\n"
	"groups:\n"
	"  relay: {role: relay, service: office, addresses: [192.0.2.25]}\n"
	"  out: {role: outbound, service: office, addresses: [192.0.2.26]}\n"
	"rows:\n"
	"  - {id: M-1, from: relay, to: out, protocols: [smtp]}\n";

static void the_ends_of_a_flow_are_groups_and_zones_of_the_matrix(void **state)
{
	(void)state;
	assert_offers_with(
		"explain -m %s ", MATRIX, "relay\nout\ninternet\ninternal\nlab\n");
	assert_offers_with(
		"explain --matrix %s relay in", MATRIX, "internet\ninternal\n");
	assert_offers_with("explain --matrix = %s lab o", MATRIX, "out\n");
	assert_offers_with("explain -m%s re", MATRIX, "relay\n");
	assert_offers_with("explain -m %s re", "schema: nonsense\n", "");
	assert_offers("explain re", "");
	assert_offers_with(
		"explain -m %s relay out su", MATRIX, "submission\nsubmissions\n");
	assert_offers_with("explain -m %s relay out smtp ", MATRIX,
		"--matrix\n--json\n--exit-code\n--help\n");
}

static void nothing_is_waited_for(void **state)
{
	char line[256];
	char path[64];
	int ends[2];
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(10);
	(void)snprintf(line, sizeof(line), "explain -m %s relay o", path);
	assert_offers(line, "");
	(void)snprintf(line, sizeof(line), "ship -c %s ", path);
	assert_offers(line, "");
	assert_int_equal(unlink(path), 0);
	/* standard input, on which nobody says anything */
	assert_int_equal(pipe(ends), 0);
	const int kept = dup(STDIN_FILENO);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	assert_offers("explain -m - relay o", "");
	assert_true(dup2(kept, STDIN_FILENO) >= 0);
	(void)alarm(0);
	(void)close(kept);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void outputs_are_those_of_the_settings(void **state)
{
	static const char SETTINGS[] = "outputs:\n"
				       "  - {type: file, name: siem, path: /tmp/x}\n"
				       "  - {type: redis, name: counts}\n";
	(void)state;
	assert_offers_with("ship -c %s ", SETTINGS, "siem\ncounts\n");
	assert_offers_with("ship -c %s siem c", SETTINGS, "counts\n");
	assert_offers_with("fleet -c %s ", SETTINGS, "counts\n");
	assert_offers("fleet --observed n", ":file\n");
	assert_offers("fleet --observed north/observed s", ":file\n");
	assert_offers("fleet --json n", "");
	assert_offers("ship ", "");
}

static void addresses_to_let_in_are_those_kept_out(void **state)
{
	struct reason why;
	struct address address;
	char line[128];
	int lock = -1;
	(void)state;
	const int directory = open(folder, O_RDONLY | O_DIRECTORY);
	struct status_page *page = status_create(directory, &lock, &why);
	assert_non_null(page);
	const uint64_t now_us = clock_boottime_us();
	assert_true(address_parse("192.0.2.7", &address));
	assert_true(bans_add(&page->bans, &(struct ban_cause){.address = address},
		now_us, now_us + 60000000));
	assert_true(address_parse("2001:db8::9", &address));
	assert_true(bans_add(&page->bans, &(struct ban_cause){.address = address},
		now_us, now_us + 60000000));
	assert_true(address_parse("192.0.2.8", &address)); /* no longer */
	assert_true(bans_add(&page->bans, &(struct ban_cause){.address = address},
		now_us - 2, now_us - 1));
	(void)snprintf(line, sizeof(line), "unban --state-dir %s 19", folder);
	assert_offers(line, "192.0.2.7\n");
	(void)snprintf(line, sizeof(line), "unban --state-dir %s 2001 : d", folder);
	assert_offers(line, "db8::9\n");
	(void)close(lock);
	assert_offers(line, ""); /* the sensor is gone, and so are its bans */
	assert_int_equal(unlinkat(directory, "status", 0), 0);
	(void)close(directory);
}

static void a_line_that_is_too_long_is_offered_nothing(void **state)
{
	char line[2 * ARGUMENTS_MAX + 16] = "check";
	(void)state;
	for (int i = 0; i < 254; i++) {
		(void)strcat(line, " a");
	}
	(void)strcat(line, " ");
	assert_offers(line, ":file\n");
	(void)strcat(line, "a ");
	assert_offers(line, "");
}

static void a_word_that_is_too_long_is_offered_nothing(void **state)
{
	static char line[64000] = "check ";
	const size_t start = strlen(line);
	(void)state;
	memset(line + start, 'a', 16000);
	(void)strcat(line, " ");
	assert_offers(line, ":file\n");
	memset(line + start, 'a', sizeof(line) - start - 1);
	assert_offers(line, "");
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_word_is_a_command),
		cmocka_unit_test(options_are_those_of_the_command),
		cmocka_unit_test(the_value_of_an_option_is_of_its_kind),
		cmocka_unit_test(a_value_behind_an_equals_sign_is_cut_as_bash_cuts_it),
		cmocka_unit_test(a_value_that_is_not_cut_is_offered_whole),
		cmocka_unit_test(the_ends_of_a_flow_are_groups_and_zones_of_the_matrix),
		cmocka_unit_test(nothing_is_waited_for),
		cmocka_unit_test(outputs_are_those_of_the_settings),
		cmocka_unit_test(addresses_to_let_in_are_those_kept_out),
		cmocka_unit_test(a_line_that_is_too_long_is_offered_nothing),
		cmocka_unit_test(a_word_that_is_too_long_is_offered_nothing),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
