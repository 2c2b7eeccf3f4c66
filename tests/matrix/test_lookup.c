/* The longest prefix of many, by the fast way and the slow one. */
#include "matrix/lookup.h"

#include "made_matrix.h"

static void add(struct lookup *lookup, const char *text, uint32_t owner)
{
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	const size_t count = network_parse(text, list, &why);
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct lookup_prefix prefix = {
			.network = list[i], .owner = owner, .line = owner};
		lookup_add(lookup, &prefix);
	}
}

static void compile(struct lookup *lookup)
{
	lookup_sort(lookup);
	lookup_compile(lookup);
}

/* Owner of the address, or LOOKUP_NONE. */
static uint32_t owner_of(const struct lookup *lookup, const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	const struct lookup_prefix *found = lookup_find(lookup, &address);
	return found ? found->owner : LOOKUP_NONE;
}

/* The answer by comparing with every prefix, to hold the fast one against. */
static uint32_t slow_owner(const struct lookup *lookup, const struct address *address)
{
	uint32_t owner = LOOKUP_NONE;
	int longest = -1;
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		const struct network *network = &lookup->prefixes[i].network;
		const struct address last = network_last(network);
		if (memcmp(network->base.bytes, address->bytes, 16) <= 0 &&
			memcmp(last.bytes, address->bytes, 16) >= 0 &&
			network->bits > longest) {
			longest = network->bits;
			owner = lookup->prefixes[i].owner;
		}
	}
	return owner;
}

static void ten_thousand_look_ups_agree_with_the_slow_way(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	unsigned random = 1;
	for (uint32_t i = 0; i < 500; i++) {
		random = random * 1103515245u + 12345u;
		char text[64];
		const unsigned first = random >> 16 & 0xff;
		const unsigned count = random >> 8 & 0x0f;
		(void)snprintf(text, sizeof(text), "192.0.2.%u-192.0.2.%u", first,
			first + count > 255 ? 255 : first + count);
		add(&lookup, text, i);
	}
	compile(&lookup);
	for (unsigned i = 0; i < 10000; i++) {
		const uint8_t bytes[4] = {
			192, 0, (uint8_t)(1 + i / 256 % 3), (uint8_t)i};
		const struct address address = address_from_ipv4(bytes);
		const struct lookup_prefix *found = lookup_find(&lookup, &address);
		assert_int_equal(found ? found->owner : LOOKUP_NONE,
			slow_owner(&lookup, &address));
	}
	lookup_free(&lookup);
}

static void where_a_narrow_prefix_ends_the_one_around_it_goes_on(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	add(&lookup, "192.0.2.0/24", 1);
	add(&lookup, "192.0.2.64/26", 2);
	add(&lookup, "192.0.2.127", 3); /* the last of all three but the widest */
	compile(&lookup);
	assert_int_equal(owner_of(&lookup, "192.0.2.63"), 1);
	assert_int_equal(owner_of(&lookup, "192.0.2.64"), 2);
	assert_int_equal(owner_of(&lookup, "192.0.2.126"), 2);
	assert_int_equal(owner_of(&lookup, "192.0.2.127"), 3);
	assert_int_equal(owner_of(&lookup, "192.0.2.128"), 1);
	assert_int_equal(owner_of(&lookup, "192.0.2.255"), 1);
	assert_int_equal(owner_of(&lookup, "192.0.3.0"), LOOKUP_NONE);
	assert_int_equal(owner_of(&lookup, "192.0.1.255"), LOOKUP_NONE);
	lookup_free(&lookup);
}

static void between_two_prefixes_nobody_is_found(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	add(&lookup, "192.0.2.10", 1);
	add(&lookup, "192.0.2.12", 2);
	compile(&lookup);
	assert_int_equal(owner_of(&lookup, "192.0.2.10"), 1);
	assert_int_equal(owner_of(&lookup, "192.0.2.11"), LOOKUP_NONE);
	assert_int_equal(owner_of(&lookup, "192.0.2.12"), 2);
	lookup_free(&lookup);
}

static void the_first_and_the_last_address_of_all_are_found(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	add(&lookup, "::/0", 1);
	add(&lookup, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 2);
	add(&lookup, "0.0.0.0/0", 3);
	compile(&lookup);
	assert_int_equal(owner_of(&lookup, "::"), 1);
	assert_int_equal(
		owner_of(&lookup, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 1);
	assert_int_equal(
		owner_of(&lookup, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 2);
	assert_int_equal(owner_of(&lookup, "0.0.0.0"), 3);
	assert_int_equal(owner_of(&lookup, "255.255.255.255"), 3);
	assert_int_equal(owner_of(&lookup, "::1:0:0:0"), 1); /* just behind IPv4 */
	lookup_free(&lookup);
}

static void ipv6_compares_by_all_of_its_bytes(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	add(&lookup, "2001:db8::/64", 1);
	add(&lookup, "2001:db8:0:1::1", 2);
	compile(&lookup);
	assert_int_equal(owner_of(&lookup, "2001:db8::ffff:ffff:ffff:ffff"), 1);
	assert_int_equal(owner_of(&lookup, "2001:db8:0:1::"), LOOKUP_NONE);
	assert_int_equal(owner_of(&lookup, "2001:db8:0:1::1"), 2);
	assert_int_equal(owner_of(&lookup, "2001:db8:0:1::2"), LOOKUP_NONE);
	lookup_free(&lookup);
}

static void of_a_prefix_that_is_there_twice_the_first_written_holds(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	add(&lookup, "192.0.2.0/24", 7); /* the owner is its line, too */
	add(&lookup, "192.0.2.0/24", 4);
	compile(&lookup);
	assert_int_equal(owner_of(&lookup, "192.0.2.9"), 4);
	lookup_free(&lookup);
}

static void in_nothing_nothing_is_found(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	compile(&lookup);
	assert_int_equal(owner_of(&lookup, "192.0.2.9"), LOOKUP_NONE);
	lookup_free(&lookup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_look_ups_agree_with_the_slow_way),
		cmocka_unit_test(where_a_narrow_prefix_ends_the_one_around_it_goes_on),
		cmocka_unit_test(between_two_prefixes_nobody_is_found),
		cmocka_unit_test(the_first_and_the_last_address_of_all_are_found),
		cmocka_unit_test(ipv6_compares_by_all_of_its_bytes),
		cmocka_unit_test(
			of_a_prefix_that_is_there_twice_the_first_written_holds),
		cmocka_unit_test(in_nothing_nothing_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
