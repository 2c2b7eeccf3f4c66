#include "interchange/sheet_services.h"

#include "classify/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void show(const struct sheet_services *services, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < services->count; i++) {
		const struct sheet_service *part = &services->parts[i];
		for (uint32_t left = part->protocols; left; left &= left - 1) {
			const size_t used = strlen(text);
			const int first = __builtin_ctz(left);
			(void)snprintf(text + used, size - used, "%s ",
				protocol_name((enum protocol)first));
		}
		const size_t used = strlen(text);
		(void)snprintf(text + used, size - used, "%s%s; ",
			part->ports[0] ? "@" : "", part->ports);
	}
	const size_t used = strlen(text);
	(void)snprintf(text + used, size - used, "%s%s",
		services->apart[0] ? "apart: " : "", services->apart);
}

static void assert_reads(const char *protocols, const char *ports, const char *wanted)
{
	struct sheet_services services;
	char shown[512];
	(void)sheet_services_read(protocols, ports, &services);
	show(&services, shown, sizeof(shown));
	assert_string_equal(shown, wanted);
}

static void cells_are_read_as_people_write_them(void **state)
{
	(void)state;
	assert_reads("IMAP (143) ou IMAPS (993)", "", "imap imaps ; ");
	assert_reads("SMTP, submission (587)\nSieve", "", "smtp submission sieve ; ");
	assert_reads("IMAP/IMAPS (143/993)", "", "imap imaps ; ");
	assert_reads("tcp/25", "", "smtp ; ");
	assert_reads("TCP 25 et 587", "", "smtp submission ; ");
	assert_reads("25", "", "smtp ; ");
	assert_reads("", "25, 993", "smtp imaps ; ");
	assert_reads("TCP", "25", "smtp ; ");
	assert_reads("SMTP (25, 3 MB)", "", "smtp ; ");
	assert_reads("SMTP (chiffr\xc3\xa9)", "", "smtp ; ");
}

static void a_port_says_which_of_a_family_is_meant(void **state)
{
	(void)state;
	assert_reads("IMAP (993)", "", "imaps ; ");
	assert_reads("SMTP", "587", "submission ; ");
	assert_reads("SMTP", "25, 587", "smtp submission ; ");
}

static void a_port_that_is_not_the_protocols_own_is_kept_with_it(void **state)
{
	(void)state;
	assert_reads("SMTP (2525), IMAP (143)", "", "smtp @2525; imap ; ");
	assert_reads("SMTP", "25, 2525-2530", "smtp @25,2525-2530; ");
	assert_reads("mapi-rpc", "6001", "mapi-rpc @6001; ");
	assert_reads("smtp (25), lmtp (24)", "2525", "smtp lmtp @2525; ");
	assert_reads("smtp (25) @ 25", "", "smtp @25; ");
	assert_reads("all @ all", "",
		"smtp submission smtps submissions lmtp imap imaps pop3 "
		"pop3s sieve mapi-rpc mapi-http outlook-anywhere eas ews "
		"exchange-https @all; ");
}

static void what_is_no_mail_is_apart_and_never_guessed(void **state)
{
	(void)state;
	assert_reads("Https (443)", "", "apart: Https (443)");
	assert_reads("tcp/ip (5432)", "", "apart: tcp/ip (5432)");
	assert_reads("389", "", "apart: 389");
	assert_reads("TCP", "443, 25", "smtp ; apart: 443");
	assert_reads("any", "", "apart: any");
	assert_reads("Messagerie (25)", "", "apart: Messagerie (25)");
	assert_reads("udp/25", "", "apart: udp/25");
	assert_reads("SMTP (2525 obligatoire)", "", "apart: SMTP (2525 obligatoire)");
	assert_reads("IMAP (143), Https (443)", "", "imap ; apart: Https (443)");
	assert_reads("attempt", "", "apart: attempt");
	assert_reads("X", "", "apart: X");
}

static void a_dash_is_nothing_at_all(void **state)
{
	(void)state;
	static const char *const NOTHING[] = {"", "-", "\xe2\x80\x94", "none", "N/A",
		"Aucun",
		"n\xc3\xa9"
		"ant"};
	for (size_t i = 0; i < sizeof(NOTHING) / sizeof(NOTHING[0]); i++) {
		struct sheet_services services;
		assert_false(sheet_services_read(NOTHING[i], NOTHING[i], &services));
		assert_int_equal(services.count, 0);
		assert_string_equal(services.apart, "");
	}
}

static void each_protocol_alone_and_with_ports_comes_back_from_its_cell(void **state)
{
	(void)state;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		struct sheet_services services;
		char text[256];
		const uint32_t bit = PROTOCOL_BIT(i);
		sheet_services_write(bit, NULL, text, sizeof(text));
		assert_true(sheet_services_read(text, "", &services));
		assert_int_equal(services.count, 1);
		assert_int_equal(services.parts[0].protocols, bit);
		assert_string_equal(services.parts[0].ports, "");
		assert_true(sheet_services_read(text, "25, 143", &services));
		assert_int_equal(services.parts[0].protocols, bit);
		sheet_services_write(bit, "25, 143", text, sizeof(text));
		assert_true(sheet_services_read(text, "", &services));
		assert_int_equal(services.count, 1);
		assert_int_equal(services.parts[0].protocols, bit);
		assert_string_equal(services.parts[0].ports, "25,143");
	}
}

static void a_cell_cut_anywhere_is_read(void **state)
{
	(void)state;
	static const char text[] =
		"IMAP (143) ou IMAPS (993), tcp/ip (5432) + smtp @ 25,2525";
	for (size_t len = 0; len < sizeof(text); len++) {
		char cut[sizeof(text)];
		struct sheet_services services;
		(void)snprintf(cut, sizeof(cut), "%.*s", (int)len, text);
		assert_int_equal(sheet_services_read(cut, "", &services), len > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_read_as_people_write_them),
		cmocka_unit_test(a_port_says_which_of_a_family_is_meant),
		cmocka_unit_test(a_port_that_is_not_the_protocols_own_is_kept_with_it),
		cmocka_unit_test(what_is_no_mail_is_apart_and_never_guessed),
		cmocka_unit_test(a_dash_is_nothing_at_all),
		cmocka_unit_test(
			each_protocol_alone_and_with_ports_comes_back_from_its_cell),
		cmocka_unit_test(a_cell_cut_anywhere_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
