#include "matrix/reach.h"

#include "matrix/compiled.h"

#include <string.h>

static const struct address IPV4_FIRST = {{[10] = 0xff, [11] = 0xff}};
static const struct address IPV4_LAST = {{[10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct address LAST = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static bool is_before(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) < 0;
}

static struct address previous(const struct address *address)
{
	struct address before = *address;
	for (int i = 15; i >= 0 && before.bytes[i]-- == 0; i--) {
		/* borrowed from the next */
	}
	return before;
}

static struct address next(const struct address *address)
{
	struct address after = *address;
	(void)network_next(&after);
	return after;
}

/* Both bounds within the family's; nothing where they are not. */
static void add_within(struct reach *reach, const struct reach_range *range,
	const struct address *least, const struct address *most)
{
	struct reach_range part = *range;
	if (is_before(&part.first, least)) {
		part.first = *least;
	}
	if (is_before(most, &part.last)) {
		part.last = *most;
	}
	struct reach_range *before =
		reach->count > 0 ? &reach->list[reach->count - 1] : NULL;
	const struct address touching = previous(&part.first);
	if (is_before(&part.last, &part.first)) {
		return;
	}
	if (before && address_equal(&before->last, &touching) &&
		!address_equal(&part.first, least)) {
		before->last = part.last;
	} else {
		reach->list = list_room(reach->list, reach->count, sizeof(part));
		reach->list[reach->count++] = part;
	}
}

/* IPv4 lies inside of IPv6's numbers. */
static void add_range(struct reach *reach, const struct reach_range *range)
{
	static const struct address FIRST = {{0}};
	const struct address below = previous(&IPV4_FIRST);
	const struct address above = next(&IPV4_LAST);
	add_within(reach, range, &IPV4_FIRST, &IPV4_LAST);
	add_within(reach, range, &FIRST, &below);
	add_within(reach, range, &above, &LAST);
}

static uint32_t owner_at(const struct lookup *lookup, size_t interval)
{
	const uint32_t holder = lookup->holders[interval];
	return holder == LOOKUP_NONE ? LOOKUP_NONE : lookup->prefixes[holder].owner;
}

/* Of an interval, up to where the next begins. */
static void add_interval(
	struct reach *reach, const struct lookup *lookup, size_t interval)
{
	struct reach_range range = {lookup->starts[interval], LAST};
	if (interval + 1 < lookup->interval_count) {
		range.last = previous(&lookup->starts[interval + 1]);
	}
	add_range(reach, &range);
}

/* LOOKUP_NONE: of addresses that nobody holds; those before the first interval as well. */
static void add_owned(struct reach *reach, const struct lookup *lookup, uint32_t owner)
{
	static const struct address FIRST = {{0}};
	const bool is_first_held =
		lookup->interval_count > 0 && address_equal(&lookup->starts[0], &FIRST);
	if (owner == LOOKUP_NONE && !is_first_held) {
		const struct reach_range range = {
			FIRST, lookup->interval_count > 0 ? previous(&lookup->starts[0])
							  : LAST};
		add_range(reach, &range);
	}
	for (size_t i = 0; i < lookup->interval_count;
		i++) { /* as many as are declared */
		if (owner_at(lookup, i) == owner) {
			add_interval(reach, lookup, i);
		}
	}
}

void reach_of_end(
	const struct matrix *matrix, const struct matrix_end *end, struct reach *reach)
{
	*reach = (struct reach){.count = 0};
	if (end->group) {
		add_owned(reach, &matrix->group_prefixes,
			(uint32_t)(end->group - matrix->groups));
		return;
	}
	const uint32_t zone = (uint32_t)(end->zone - matrix->zones);
	add_owned(reach, &matrix->zone_prefixes, zone == 0 ? LOOKUP_NONE : zone);
}

void reach_free(struct reach *reach)
{
	list_free(reach->list);
	*reach = (struct reach){.count = 0};
}

#define PORTS 65536u

struct port_set {
	uint8_t bits[PORTS / 8];
};

static void port_add(struct port_set *set, uint16_t port)
{
	set->bits[port / 8] |= (uint8_t)(1u << port % 8);
}

static void take_ranges(const struct port_set *set, struct reach_ports *ports)
{
	*ports = (struct reach_ports){.count = 0};
	for (unsigned port = 1; port < PORTS; port++) {
		struct reach_port_range *last =
			ports->count ? &ports->list[ports->count - 1] : NULL;
		if (!(set->bits[port / 8] >> port % 8 & 1)) {
			continue;
		}
		if (last && last->last + 1u == port) {
			last->last = (uint16_t)port;
			continue;
		}
		ports->list =
			list_room(ports->list, ports->count, sizeof(*ports->list));
		ports->list[ports->count++] =
			(struct reach_port_range){(uint16_t)port, (uint16_t)port};
	}
}

/* What matrix/criteria allows besides the ports that are the protocols' own. */
static void add_implied(
	const struct matrix *matrix, const struct matrix_row *row, struct port_set *set)
{
	static const uint16_t TRANSPORT[] = {465, 475, 717, 2525};
	const enum matrix_role from =
		row->from.group ? row->from.group->role : MATRIX_ROLE_NONE;
	const enum matrix_role to =
		row->to.group ? row->to.group->role : MATRIX_ROLE_NONE;
	const bool is_transport =
		from == MATRIX_ROLE_MAILBOX && to == MATRIX_ROLE_MAILBOX &&
		(row->protocols & PROTOCOL_BIT(PROTOCOL_SMTP)) && row->port_count == 0;
	for (size_t i = 0; is_transport && i < sizeof(TRANSPORT) / sizeof(TRANSPORT[0]);
		i++) {
		port_add(set, TRANSPORT[i]);
	}
	if (matrix->profile == MATRIX_PROFILE_RFC8314 && from == MATRIX_ROLE_CLIENT &&
		(row->protocols & PROTOCOL_BIT(PROTOCOL_SUBMISSION))) {
		port_add(set, 465);
	}
}

void reach_of_ports(const struct matrix *matrix, const struct matrix_row *row,
	struct reach_ports *ports)
{
	struct port_set set = {{0}};
	if (row->is_any_port) {
		memset(set.bits, 0xff, sizeof(set.bits));
	}
	for (size_t i = 0; i < row->port_count; i++) {
		port_add(&set, row->ports[i]);
	}
	uint32_t left = row->port_count > 0 ? 0 : row->protocols;
	for (; left; left &= left - 1) {
		const uint16_t *own =
			protocol_row((enum protocol)__builtin_ctz(left))->ports;
		for (int i = 0; i < PROTOCOL_PORTS_MAX && own[i]; i++) {
			port_add(&set, own[i]);
		}
	}
	add_implied(matrix, row, &set);
	take_ranges(&set, ports);
}

void reach_of_mail_ports(struct reach_ports *ports)
{
	struct port_set set = {{0}};
	for (unsigned port = 1; port < PORTS; port++) {
		if (protocol_of_port((uint16_t)port) != PROTOCOL_UNKNOWN) {
			port_add(&set, (uint16_t)port);
		}
	}
	take_ranges(&set, ports);
}

void reach_ports_free(struct reach_ports *ports)
{
	list_free(ports->list);
	*ports = (struct reach_ports){.count = 0};
}
