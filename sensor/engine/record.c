#include "engine/record.h"

#include <netinet/in.h>

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

const char *record_end_name(const struct matrix_end *end)
{
	if (end->group != NULL) {
		return end->group->name;
	}
	return end->zone != NULL ? end->zone->name : NULL;
}
