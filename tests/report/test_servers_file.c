#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/servers_file.h"
#include "report/servers_text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD   "mailwarden-servers 1\n"
#define TIMES  " first=2026-01-31T12:00:00.000001Z last=2026-02-01T00:00:00.000000Z"
#define SERVER "server address=192.0.2.25 port=25 flows=3" TIMES
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CERTIFICATE                                                              \
	"certificate sha256=" DIGEST " key=RSA sni=mx.example.org flows=2" TIMES \
	" client=2001:db8::7\n"

static const struct hash_seed SEED = {{1, 2}};

/* Every field set. */
static const char FULL[] = HEAD SERVER
	" tls=1.2,1.3 offered=2 offered-first=2026-01-31T12:00:00.000001Z "
	"offered-last=2026-01-31T13:00:00.000000Z "
	"offered-to=1,ffffffff,0,0,0,a0b1c2d3,0,0 "
	"offered-partly=2026-01-31T14:00:00.000000Z not-offered=4 used=5 refused=6 "
	"stripped=7 auth-clear=8 messages=10 "
	"refusals=11 deferrals=12 absent=9 absent-first=2026-01-31T14:00:00.000000Z "
	"absent-last=2026-02-01T00:00:00.000000Z "
	"absent-for=192.0.2.7,2001:db8::9\n" CERTIFICATE
	"server address=2001:db8::25 port=465 flows=1" TIMES "\n"
	"given-up 17\n"
	"end 2\n";

static struct ledger *new_ledger(void)
{
	struct reason why;
	struct ledger *ledger = ledger_new(8, SEED, &why);
	assert_non_null(ledger);
	return ledger;
}

static bool read_text(struct ledger *ledger, const char *text, struct reason *why)
{
	return servers_read(ledger, (struct text){(const uint8_t *)text, strlen(text)},
		"servers.state", why);
}

static void the_file_comes_out_as_it_went_in(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger();
	struct reason why;
	char *written = NULL;
	size_t len = 0;
	assert_true(read_text(ledger, FULL, &why));
	FILE *out = open_memstream(&written, &len);
	assert_non_null(out);
	servers_write(out, ledger);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(written, FULL);
	free(written);
	ledger_free(ledger);
}

static void every_field_is_read(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger();
	struct reason why;
	struct address address;
	assert_true(read_text(ledger, FULL, &why));
	assert_true(address_parse("192.0.2.25", &address));
	const struct ledger_server *server = ledger_find(ledger, &address, 25);
	assert_non_null(server);
	assert_int_equal(server->offered, 2);
	assert_int_equal(server->not_offered, 4);
	assert_int_equal(server->used, 5);
	assert_int_equal(server->refused, 6);
	assert_int_equal(server->stripped, 7);
	assert_int_equal(server->auth_clear, 8);
	assert_int_equal(server->messages, 10);
	assert_int_equal(server->refusals, 11);
	assert_int_equal(server->deferrals, 12);
	assert_int_equal(server->absence.flows, 9);
	assert_int_equal(server->absence.client_count, 2);
	assert_int_equal(server->versions, LEDGER_VERSION_TLS12 | LEDGER_VERSION_TLS13);
	assert_true(server->first_us == UINT64_C(1769860800000001));
	assert_string_equal(server->certificates[0].fingerprint, DIGEST);
	assert_string_equal(server->certificates[0].sni, "mx.example.org");
	ledger_free(ledger);
}

struct mistake {
	const char *text;
	const char *told;
};

static void every_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	static const struct mistake MISTAKES[] = {
		{"", "servers.state:1: no servers file"},
		{"server\n", "servers.state:1: no servers file"},
		{HEAD, "servers.state:1: the file was cut"},
		{HEAD SERVER "\n", "servers.state:2: the file was cut"},
		{HEAD SERVER "\nend 2\n", "servers.state:3: the last line does not"},
		{HEAD "end 0\nend 0\n", "servers.state:3: a line behind the last one"},
		{HEAD "host\nend 0\n", "servers.state:2: a line is server, "},
		{HEAD "given-up 0\nend 0\n",
			"servers.state:2: given-up wants a number"},
		{HEAD "given-up\nend 0\n", "servers.state:2: given-up wants a number"},
		{HEAD "given-up 1\ngiven-up 1\nend 0\n",
			"servers.state:3: given-up is given twice"},
		{HEAD "server port=25\nend 1\n", "servers.state:2: address is missing"},
		{HEAD "server address=192.0.2.300\nend 1\n",
			"servers.state:2: address wants an IP address, not "
			"\"192.0.2.300\""},
		{HEAD "server port=0\nend 1\n", "servers.state:2: port wants a port"},
		{HEAD "server port=65536\nend 1\n",
			"servers.state:2: port wants a port"},
		{HEAD "server port=25x\nend 1\n", "servers.state:2: port wants a port"},
		{HEAD "server flows=4294967296\nend 1\n",
			"servers.state:2: flows wants a number"},
		{HEAD "server flows=-1\nend 1\n",
			"servers.state:2: flows wants a number"},
		{HEAD "server flows=\nend 1\n",
			"servers.state:2: flows wants a number"},
		{HEAD "server flows\nend 1\n",
			"servers.state:2: unknown field \"flows\""},
		{HEAD "server flow=1\nend 1\n",
			"servers.state:2: unknown field \"flow=1\""},
		{HEAD "server port=25 port=25\nend 1\n",
			"servers.state:2: port is given twice"},
		{HEAD "server first=2026-02-31T12:00:00.000000Z\nend 1\n",
			"servers.state:2: first wants a time"},
		{HEAD "server first=2026-01-31T12:00:00.00000aZ\nend 1\n",
			"servers.state:2: first wants a time"},
		{HEAD "server first=1969-01-31T12:00:00.000000Z\nend 1\n",
			"servers.state:2: first wants a time"},
		{HEAD "server tls=1.2,\nend 1\n", "servers.state:2: tls wants TLS"},
		{HEAD "server tls=2.0\nend 1\n", "servers.state:2: tls wants TLS"},
		{HEAD SERVER " offered=1\nend 1\n",
			"servers.state:2: offered and its times do not agree"},
		{HEAD SERVER " absent=1\nend 1\n",
			"servers.state:2: absent, its times and clients do not agree"},
		{HEAD SERVER " absent-for=192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192."
			     "0.2.5\n"
			     "end 1\n",
			"servers.state:2: absent-for wants at most 4 IP addresses"},
		{HEAD SERVER " offered-to=1,2\nend 1\n",
			"servers.state:2: offered-to wants 8 hexadecimal numbers"},
		{HEAD SERVER " offered-to=1,2,3,4,5,6,7,100000000\n"
			     "end 1\n",
			"servers.state:2: offered-to wants 8 hexadecimal numbers"},
		{HEAD SERVER " offered-to=1,2,3,4,5,6,7,8,9\nend 1\n",
			"servers.state:2: offered-to wants 8 hexadecimal numbers"},
		{HEAD "server address=192.0.2.25 port=25 flows=1 "
		      "first=2026-02-01T00:00:00.000000Z "
		      "last=2026-01-01T00:00:00.000000Z\nend 1\n",
			"servers.state:2: a last time before the first"},
		{HEAD SERVER "\n" SERVER "\nend 2\n",
			"servers.state:3: this server is there already"},
		{HEAD CERTIFICATE "end 0\n",
			"servers.state:2: a certificate before any server"},
		{HEAD SERVER "\ncertificate sha256=00\nend 1\n",
			"servers.state:3: sha256 wants 64 hexadecimal digits"},
		{HEAD SERVER
			"\n" CERTIFICATE CERTIFICATE CERTIFICATE CERTIFICATE CERTIFICATE
			"end 1\n",
			"servers.state:7: more than 4 certificates of one server"},
	};
	for (size_t i = 0; i < sizeof(MISTAKES) / sizeof(MISTAKES[0]); i++) {
		struct ledger *ledger = new_ledger();
		struct reason why = {.text = ""};
		assert_false(read_text(ledger, MISTAKES[i].text, &why));
		if (strncmp(why.text, MISTAKES[i].told, strlen(MISTAKES[i].told)) !=
			0) {
			fail_msg("%s, not %s", why.text, MISTAKES[i].told);
		}
		ledger_free(ledger);
	}
}

static void no_cut_file_is_taken_or_read_past_its_end(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(FULL) - 2; len++) {
		struct ledger *ledger = new_ledger();
		struct reason why = {.text = ""};
		uint8_t *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, FULL, len);
		assert_false(servers_read(
			ledger, (struct text){copy, len}, "servers.state", &why));
		assert_string_not_equal(why.text, "");
		free(copy);
		ledger_free(ledger);
	}
}

static void more_servers_than_the_ledger_holds_keep_it_bounded(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger();
	struct reason why;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	(void)fputs(HEAD, out);
	for (unsigned i = 1; i <= 100; i++) {
		(void)fprintf(
			out, "server address=192.0.2.1 port=%u flows=1" TIMES "\n", i);
	}
	(void)fputs("end 100\n", out);
	assert_int_equal(fclose(out), 0);
	assert_true(read_text(ledger, text, &why));
	assert_int_equal(ledger_count(ledger), 8);
	assert_int_equal(ledger_given_up(ledger), 92);
	free(text);
	ledger_free(ledger);
}

static size_t files_in(const char *folder)
{
	size_t count = 0;
	DIR *stream = opendir(folder);
	assert_non_null(stream);
	for (const struct dirent *entry = readdir(stream); entry != NULL;
		entry = readdir(stream)) {
		count += entry->d_name[0] != '.';
	}
	(void)closedir(stream);
	return count;
}

static void saving_replaces_the_file_and_leaves_nothing_beside(void **state)
{
	(void)state;
	char folder[] = "/tmp/mailwarden-test-XXXXXX";
	char path[64];
	char link[64];
	struct stat status;
	struct reason why;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/servers.state", folder);
	(void)snprintf(link, sizeof(link), "%s/link.state", folder);
	struct ledger *ledger = new_ledger();
	assert_int_equal(servers_load(ledger, path, &why), SERVERS_MISSING);
	assert_true(read_text(ledger, FULL, &why));
	assert_true(servers_save(ledger, path, &why));
	assert_int_equal(symlink(path, link), 0);
	assert_true(servers_save(ledger, link, &why));
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	struct ledger *again = new_ledger();
	assert_int_equal(servers_load(again, link, &why), SERVERS_OK);
	assert_int_equal(ledger_count(again), 2);
	assert_int_equal(files_in(folder), 2);
	ledger_free(again);
	ledger_free(ledger);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void what_is_no_regular_file_is_refused(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger();
	struct reason why;
	assert_int_equal(servers_load(ledger, "/dev/null", &why), SERVERS_BROKEN);
	assert_int_equal(servers_load(ledger, "/tmp", &why), SERVERS_BROKEN);
	assert_false(servers_save(ledger, "/nowhere/servers.state", &why));
	assert_string_equal(
		why.text, "/nowhere/servers.state: No such file or directory");
	ledger_free(ledger);
}

static void the_table_reads_well(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger();
	struct reason why;
	char *text = NULL;
	size_t len = 0;
	assert_true(read_text(ledger, FULL, &why));
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	assert_true(servers_table(out, ledger));
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
		"Server                   flows    STARTTLS    used refused stripped "
		"clear auth\n"
		"192.0.2.25:25                3      2 of 6       5       6        7 "
		"         8\n"
		"  TLS 1.2 1.3\n"
		"  mail in clear 10, refused 11, deferred 12\n"
		"  STARTTLS offered on 2026-01-31; gone since, in 9 flows to 2 "
		"clients, from\n"
		"    2026-01-31 to 2026-02-01\n"
		"  certificate 0011223344556677 RSA for mx.example.org, 2 flows from "
		"2026-01-31\n"
		"    to 2026-02-01, last to 2001:db8::7\n"
		"[2001:db8::25]:465           1           -       0       0        0 "
		"         0\n"
		"17 more were forgotten for want of room, those not seen for "
		"longest.\n");
	free(text);
	ledger_free(ledger);
}

static void json_has_a_last_line_only_where_servers_were_given_up(void **state)
{
	(void)state;
	for (unsigned given_up = 0; given_up < 2; given_up++) {
		struct ledger *ledger = new_ledger();
		char *text = NULL;
		size_t len = 0;
		ledger_add_given_up_before(ledger, given_up);
		FILE *out = open_memstream(&text, &len);
		assert_non_null(out);
		assert_true(servers_json(out, ledger));
		assert_int_equal(fclose(out), 0);
		assert_string_equal(text, given_up ? "{\"given_up\":1}\n" : "");
		free(text);
		ledger_free(ledger);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_comes_out_as_it_went_in),
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(every_mistake_is_told_with_its_line),
		cmocka_unit_test(no_cut_file_is_taken_or_read_past_its_end),
		cmocka_unit_test(more_servers_than_the_ledger_holds_keep_it_bounded),
		cmocka_unit_test(saving_replaces_the_file_and_leaves_nothing_beside),
		cmocka_unit_test(what_is_no_regular_file_is_refused),
		cmocka_unit_test(the_table_reads_well),
		cmocka_unit_test(json_has_a_last_line_only_where_servers_were_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
