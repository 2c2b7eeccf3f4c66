#include "base/address.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_seed_and_every_word_matter(void **state)
{
	(void)state;
	const struct hash_seed one = {{1, 2}};
	const struct hash_seed two = {{1, 3}};
	const uint64_t key[] = {7, 8};
	const uint64_t other[] = {7, 9};
	const uint64_t hash = hash_words(&one, key, 2);
	assert_true(hash == hash_words(&one, key, 2));
	assert_true(hash != hash_words(&two, key, 2));
	assert_true(hash != hash_words(&one, other, 2));
	assert_true(hash != hash_words(&one, key, 1));
}

static void addresses_read_and_write_as_text(void **state)
{
	(void)state;
	struct address address;
	char text[ADDRESS_TEXT_BYTES];
	assert_true(address_parse("192.0.2.7", &address));
	assert_true(address_is_ipv4(&address));
	assert_string_equal(address_text(&address, text), "192.0.2.7");
	assert_true(address_parse("2001:DB8:0::1", &address));
	assert_false(address_is_ipv4(&address));
	assert_string_equal(address_text(&address, text), "2001:db8::1");
	assert_false(address_parse("192.0.2", &address));
	assert_false(address_parse("mail.example.org", &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_and_every_word_matter),
		cmocka_unit_test(addresses_read_and_write_as_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
