/*
 * ship/rendering_ecs_fields - which member of a record is which field of ECS.
 *
 * In: an event. Out: the fields that one member gives, in ECS's form of times, hashes
 * and keywords. What a row does not name of mail and of an alert's metadata stands
 * below mail under its own name. What takes more than one member is rendering_ecs's.
 */
#pragma once

#include "ship/event.h"

void ecs_copy_fields(struct document *document, const struct event *event);
