#include "made_matrix.h"

static void every_mistake_of_a_file_is_told_with_its_place(void **state)
{
	(void)state;
	const char *file = "tests/matrix/mistakes.yaml";
	struct matrix_problems problems;
	assert_null(matrix_load(&file, 1, &problems));
	assert_int_equal(problems.count, 12);
	for (size_t i = 0; i < problems.count; i++) {
		unsigned line;
		unsigned column;
		assert_int_equal(
			sscanf(problems.list[i].text,
				"tests/matrix/mistakes.yaml:%u:%u: ", &line, &column),
			2);
		assert_in_range(line, 2, 13);
	}
	matrix_problems_free(&problems);
}

static void a_misspelt_word_gets_the_right_one_offered(void **state)
{
	(void)state;
	assert_refused("schema: 1\nrow: []\n", "did you mean \"rows\"?");
	assert_refused(HEAD "rows: [{id: a, from: realy, to: mx-out, protocols: smtp}]",
		"did you mean \"relay\"?");
	assert_refused(HEAD
		"rows: [{id: a, from: relay, to: intrenet, protocols: smtp}]",
		"did you mean \"internet\"?");
	assert_refused(HEAD "rows: [{id: a, from: relay, to: mx-out, protocols: smpt}]",
		"did you mean \"smtp\"?");
	assert_refused(HEAD "rows: [{id: a, from: relay, to: mx-out, protocols: smtp, "
			    "tls: startls}]",
		"did you mean \"starttls\"?");
}

static void a_matrix_without_rows_is_an_error(void **state)
{
	(void)state;
	assert_refused(HEAD, "has no rows");
	assert_refused(HEAD "rows: []\n", "has no rows");
	assert_refused("", "the file is empty");
	assert_refused("# nothing\n", "the file is empty");
}

static void a_schema_of_the_future_is_refused(void **state)
{
	(void)state;
	assert_refused("schema: 2\nrows: []\n", "schema 2 is unknown");
	assert_refused("rows: []\n", "has no \"schema\"");
}

static void a_duplicate_id_in_another_file_names_the_first_place(void **state)
{
	(void)state;
	static const char first[] =
		HEAD "rows:\n - {id: M-1, from: relay, to: mx-out, protocols: smtp}\n";
	static const char second[] = "schema: 1\nrows:\n - {id: M-1, from: mx-in, to: "
				     "relay, protocols: smtp}\n";
	const struct matrix_source sources[] = {
		{"a.yaml", first, strlen(first)}, {"b.yaml", second, strlen(second)}};
	struct matrix_problems problems;
	assert_null(matrix_load_sources(sources, 2, &problems));
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.list[0].text,
		"b.yaml:3:9: id \"M-1\" is already used at a.yaml:11");
	matrix_problems_free(&problems);
}

static void rows_of_one_file_may_name_groups_of_another(void **state)
{
	(void)state;
	static const char rows[] = "schema: 1\nrows:\n - {id: M-1, from: mx-in, to: "
				   "relay, protocols: smtp}\n";
	const struct matrix_source sources[] = {
		{"b.yaml", rows, strlen(rows)}, {"a.yaml", HEAD, strlen(HEAD)}};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(sources, 2, &problems);
	assert_non_null(matrix);
	matrix_free(matrix);
}

static void the_last_day_of_a_row_belongs_to_it(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	assert_int_equal(count, 6);
	/* date -u -d 2027-07-01 +%s */
	assert_int_equal(rows[5].expires_s, 1814400000);
	assert_int_equal(rows[0].expires_s, 0);
	matrix_free(matrix);
}

static void leap_days_and_impossible_days_are_told_apart(void **state)
{
	(void)state;
	static const char *const BAD[] = {"2027-02-29", "2100-02-29", "2027-13-01",
		"2027-00-10", "2027-04-31", "2027-4-3", "30/06/2027", "1969-12-31"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		char text[1024];
		(void)snprintf(text, sizeof(text),
			HEAD "rows: [{id: a, from: relay, to: mx-out, protocols: smtp, "
			     "%s: %s}]",
			i % 2 == 0 ? "expires" : "learned", BAD[i]);
		assert_refused(text, i % 2 == 0 ? "expires \"" : "learned \"");
	}
	struct matrix *matrix = load_rows(" - {id: a, from: relay, to: mx-out, "
					  "protocols: smtp, expires: 2028-02-29}\n");
	size_t count;
	/* date -u -d 2028-03-01 +%s */
	assert_int_equal(matrix_rows(matrix, &count)[0].expires_s, 1835481600);
	matrix_free(matrix);
}

static void min_tls_may_be_a_string_or_a_number(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(
		" - {id: a, from: relay, to: mx-out, protocols: smtp, min_tls: "
		"\"1.2\"}\n"
		" - {id: b, from: relay, to: mx-out, protocols: smtp, min_tls: 1.3}\n");
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	assert_int_equal(rows[0].min_tls, 0x0303);
	assert_int_equal(rows[1].min_tls, 0x0304);
	matrix_free(matrix);
	assert_refused(HEAD "rows: [{id: a, from: relay, to: mx-out, protocols: smtp, "
			    "min_tls: 1.5}]",
		"min_tls \"1.5\" is unknown");
}

static void tls_is_required_unless_one_end_is_the_internet(void **state)
{
	(void)state;
	struct matrix *matrix =
		load_rows(" - {id: a, from: relay, to: mx-out, protocols: smtp}\n"
			  " - {id: b, from: mx-out, to: internet, protocols: smtp}\n"
			  " - {id: c, from: internet, to: mx-in, protocols: smtp}\n");
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	assert_int_equal(rows[0].tls, MATRIX_TLS_REQUIRED);
	assert_int_equal(rows[1].tls, MATRIX_TLS_OFFERED);
	assert_int_equal(rows[2].tls, MATRIX_TLS_OFFERED);
	matrix_free(matrix);
}

static void ports_are_a_list_of_numbers_and_ranges_or_all(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(
		" - {id: a, from: relay, to: mx-out, protocols: smtp, ports: "
		"[2525-2527, 25]}\n"
		" - {id: b, from: relay, to: mx-out, protocols: smtp, ports: all}\n");
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	static const uint16_t WANTED[] = {25, 2525, 2526, 2527};
	assert_int_equal(rows[0].port_count, 4);
	assert_memory_equal(rows[0].ports, WANTED, sizeof(WANTED));
	assert_true(rows[1].is_any_port);
	matrix_free(matrix);
	static const char *const BAD[] = {"0", "65536", "25-", "-25", "30-20", "smtp"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		char text[1024];
		(void)snprintf(text, sizeof(text),
			HEAD "rows: [{id: a, from: relay, to: mx-out, protocols: smtp, "
			     "ports: [\"%s\"]}]",
			BAD[i]);
		assert_refused(text, "is no port");
	}
}

static void a_file_that_cannot_be_opened_is_an_error(void **state)
{
	(void)state;
	const char *files[] = {"/nonexistent/matrix.yaml", SMALL};
	struct matrix_problems problems;
	assert_null(matrix_load(files, 2, &problems));
	assert_true(mentions(&problems,
		"/nonexistent/matrix.yaml: cannot open: No such file or directory"));
	matrix_problems_free(&problems);
}

static void every_beginning_of_a_matrix_is_refused_or_loaded_cleanly(void **state)
{
	(void)state;
	static const char whole[] =
		HEAD "rows:\n - {id: a, from: relay, to: mx-out, protocols: [smtp], "
		     "ports: [25], tls: starttls, expires: 2027-06-30}\n";
	for (size_t len = 0; len < sizeof(whole); len++) {
		char *copy = malloc(len + 1);
		memcpy(copy, whole, len);
		const struct matrix_source source = {"cut.yaml", copy, len};
		struct matrix_problems problems;
		struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
		assert_true((matrix != NULL) == (problems.count == 0));
		matrix_free(matrix);
		matrix_problems_free(&problems);
		free(copy);
	}
}

static void sni_is_trusted_only_where_it_is_written_and_there_are_names(void **state)
{
	(void)state;
	static const struct {
		const char *group;
		const char *wrong; /* NULL: it is right */
		bool is_trusted;
	} CASES[] = {
		{"names: a.example.org, sni: trusted", NULL, true},
		{"names: a.example.org, sni: claim", NULL, false},
		{"names: a.example.org", NULL, false},
		{"names: a.example.org, sni: trustd", "did you mean \"trusted\"",
			false},
		{"addresses: 192.0.2.9, sni: trusted", "no \"names\"", false},
		{"names: a.example.org, certificate: trusted", NULL, false},
		{"names: a.example.org, certificate: claim", NULL, false},
		{"addresses: 192.0.2.9, certificate: trusted", "no \"names\"", false},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		char text[1024];
		struct matrix_problems problems;
		(void)snprintf(text, sizeof(text),
			HEAD "  b: {role: inbound, %s}\n"
			     "rows:\n - {id: b, from: relay, to: b, protocols: smtp}\n",
			CASES[i].group);
		struct matrix *matrix = load_text(text, &problems);
		assert_int_equal(matrix == NULL, CASES[i].wrong != NULL);
		if (CASES[i].wrong) {
			assert_non_null(strstr(problems.list[0].text, CASES[i].wrong));
		} else {
			size_t count;
			const struct matrix_group *groups =
				matrix_groups(matrix, &count);
			assert_int_equal(
				groups[count - 1].is_sni_trusted, CASES[i].is_trusted);
			assert_int_equal(groups[count - 1].is_certificate_trusted,
				strstr(CASES[i].group, "certificate: claim") == NULL);
		}
		matrix_problems_free(&problems);
		matrix_free(matrix);
	}
}

static void wrong_shapes_are_told_by_name(void **state)
{
	(void)state;
	assert_refused("[]", "a matrix file must be a mapping");
	assert_refused("schema: 1\nrows: {}\n", "\"rows\" must be a list");
	assert_refused("schema: 1\nrows: [M-01]\n", "a row must be a mapping");
	assert_refused("schema: 1\ngroups: [a]\n", "\"groups\" must be a mapping");
	assert_refused("schema: [1]\n", "schema must be one value");
	assert_refused("schema: 1\nschema: 1\n", "has \"schema\" twice");
	assert_refused(
		"schema: 1\ngroups: {a: {role: relay}}\n", "has no \"addresses\"");
	assert_refused(
		"schema: 1\ngroups: {a b: {role: relay, addresses: 192.0.2.1}}\n",
		"must be letters, digits");
}

static void names_may_have_letters_of_any_writing(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\nzones: {int\xc3\xa9rieur: [192.0.2.0/24]}\ngroups:\n"
		"  si\xc3\xa8ge: {role: mailbox, addresses: [192.0.2.1]}\n"
		"  \xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0: {role: relay, addresses: "
		"[192.0.2.2]}\nrows:\n - {id: \xc3\x89-1, from: si\xc3\xa8ge, to: "
		"\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0, protocols: smtp}\n",
		&problems);
	assert_int_equal(problems.count, 0);
	size_t count = 0;
	assert_string_equal(
		matrix_rows(matrix, &count)->from.group->name, "si\xc3\xa8ge");
	matrix_free(matrix);
	assert_refused("schema: 1\ngroups: {si\xc2\xa0ge: {role: relay}}\n",
		"must be letters, digits");
	assert_refused("schema: 1\ngroups: {\"-a\": {role: relay}}\n",
		"must be letters, digits");
}

static void what_belongs_elsewhere_is_told_where(void **state)
{
	(void)state;
	assert_refused("schema: 1\ngroups:\n  a: {role: relay, addresses: "
		       "[mail.example.org]}\n",
		"is no IPv4 or IPv6 address; a host name belongs into \"names\"");
	assert_refused(HEAD "rows:\n - {id: a, from: relay, to: mx-out, protocols: "
			    "https}\n",
		"\"https\" is no mail protocol; mail inside it is \"exchange-https\"");
	struct matrix_problems problems;
	struct matrix *none = load_text("schema: 1\ngroups:\n  a: {role: relay, "
					"addresses: [192.0.2.256]}\n",
		&problems);
	assert_null(none);
	assert_false(mentions(&problems, "host name"));
	matrix_problems_free(&problems);
}

static void a_row_of_lists_stands_for_every_pair_of_ends(void **state)
{
	(void)state;
	struct matrix *matrix =
		load_rows(" - {id: a, from: [workstations, internet], to: [submission, "
			  "mailboxes], protocols: submission, expires: 2027-06-30}\n"
			  " - {id: b, from: relay, to: [mx-out], protocols: smtp}\n");
	size_t count = 0;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	assert_int_equal(count, 5);
	assert_int_equal(matrix_declared_rows(matrix), 2);
	static const char *const PAIRS[][2] = {{"workstations", "submission"},
		{"workstations", "mailboxes"}, {NULL, "submission"},
		{NULL, "mailboxes"}};
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(rows[i].id, "a");
		assert_int_equal(rows[i].is_continued, i > 0);
		assert_string_equal(rows[i].to.group->name, PAIRS[i][1]);
		if (PAIRS[i][0]) {
			assert_string_equal(rows[i].from.group->name, PAIRS[i][0]);
		}
		/* the default is that of each pair */
		assert_int_equal(
			rows[i].tls, i < 2 ? MATRIX_TLS_REQUIRED : MATRIX_TLS_OFFERED);
	}
	assert_false(rows[4].is_continued);
	struct matrix_problems warnings;
	matrix_warnings(matrix, INT64_C(1814400000), &warnings);
	size_t expired = 0;
	for (size_t i = 0; i < warnings.count; i++) {
		expired += strstr(warnings.list[i].text, "row a expired") != NULL;
	}
	assert_int_equal(expired, 1);
	matrix_problems_free(&warnings);
	matrix_free(matrix);
}

static void a_list_of_ends_is_told_of_each_mistake(void **state)
{
	(void)state;
	assert_refused(HEAD "rows:\n - {id: a, from: [relay, relay], to: mx-out, "
			    "protocols: smtp}\n",
		"made.yaml:11:26: \"relay\" is written twice");
	assert_refused(HEAD "rows:\n - {id: a, from: [relay, relaay], to: mx-out, "
			    "protocols: smtp}\n",
		"\"relaay\" is no declared group or zone; did you mean \"relay\"?");
	assert_refused(HEAD
		"rows:\n - {id: a, from: [], to: mx-out, protocols: smtp}\n",
		"\"from\" is an empty list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_of_lists_stands_for_every_pair_of_ends),
		cmocka_unit_test(a_list_of_ends_is_told_of_each_mistake),
		cmocka_unit_test(names_may_have_letters_of_any_writing),
		cmocka_unit_test(what_belongs_elsewhere_is_told_where),
		cmocka_unit_test(every_mistake_of_a_file_is_told_with_its_place),
		cmocka_unit_test(a_misspelt_word_gets_the_right_one_offered),
		cmocka_unit_test(a_matrix_without_rows_is_an_error),
		cmocka_unit_test(a_schema_of_the_future_is_refused),
		cmocka_unit_test(a_duplicate_id_in_another_file_names_the_first_place),
		cmocka_unit_test(rows_of_one_file_may_name_groups_of_another),
		cmocka_unit_test(the_last_day_of_a_row_belongs_to_it),
		cmocka_unit_test(leap_days_and_impossible_days_are_told_apart),
		cmocka_unit_test(min_tls_may_be_a_string_or_a_number),
		cmocka_unit_test(tls_is_required_unless_one_end_is_the_internet),
		cmocka_unit_test(ports_are_a_list_of_numbers_and_ranges_or_all),
		cmocka_unit_test(a_file_that_cannot_be_opened_is_an_error),
		cmocka_unit_test(
			every_beginning_of_a_matrix_is_refused_or_loaded_cleanly),
		cmocka_unit_test(
			sni_is_trusted_only_where_it_is_written_and_there_are_names),
		cmocka_unit_test(wrong_shapes_are_told_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
