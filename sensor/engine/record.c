#include "engine/record.h"

#include <netinet/in.h>
#include <stdio.h>

const char *record_protocol_name(const struct record *record)
{
	const struct observation *observation = record->observation;
	const bool is_named = !protocol_row(observation->protocol)->is_mail &&
			      observation->foreign_name != NULL;
	return is_named ? observation->foreign_name
			: protocol_name(observation->protocol);
}

bool record_has_ports(const struct observation *wire)
{
	return wire->transport == 0 || wire->transport == IPPROTO_TCP ||
	       wire->transport == IPPROTO_UDP;
}

struct address record_network(const struct address *address)
{
	struct address network = *address;
	const size_t kept = address_is_ipv4(address) ? 15 : 8;
	memset(&network.bytes[kept], 0, sizeof(network.bytes) - kept);
	return network;
}

const char *record_prefix(const struct record *record, char *text)
{
	if (record->judgement->from.group != NULL) {
		return NULL;
	}
	const struct address *client = &record->observation->client;
	const struct address network = record_network(client);
	char base[ADDRESS_TEXT_BYTES];
	(void)snprintf(text, ADDRESS_TEXT_BYTES + 4, "%s%s",
		address_text(&network, base), address_is_ipv4(client) ? "/24" : "/64");
	return text;
}

const char *record_end_name(const struct matrix_end *end)
{
	if (end->group != NULL) {
		return end->group->name;
	}
	return end->zone != NULL ? end->zone->name : NULL;
}
