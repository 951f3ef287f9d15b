/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The schema's grammar, and which bytes are a value. */
#include "page.h"
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	size_t size;
	bool is_signed, can_have_names;
} NUMBERS[] = {
	{ "u8", 1, false, true }, { "u16", 2, false, true }, { "u32", 4, false, true }, { "u64", 8, false, true },
	{ "i8", 1, true, true }, { "i16", 2, true, true }, { "i32", 4, true, true }, { "i64", 8, true, true },
	{ "u128", 16, false, false }, { "i128", 16, true, false }, { "f32", 4, true, false }, { "f64", 8, true, false },
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_small(char c) { return c >= 'a' && c <= 'z'; }
static bool is_letter(char c) { return is_small(c) || (c >= 'A' && c <= 'Z'); }

/* What is left of the text. */
struct input {
	const char *at, *end;
};

static bool take(struct input *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

/* A decimal number from 1 on, without leading zeros; 0 if there is none. */
static size_t take_count(struct input *in)
{
	size_t number = 0;

	if (in->at == in->end || *in->at == '0')
		return 0;
	for (; in->at != in->end && is_digit(*in->at); in->at++) {
		number = 10 * number + (size_t)(*in->at - '0');
		if (number > MAX_SIZE)
			return 0;
	}
	return number;
}

/* A word of letters, digits, `_`, and `.` where that is allowed; its length, or 0. */
static size_t take_name(struct input *in, bool with_dots)
{
	const char *start = in->at;

	while (in->at != in->end && (is_letter(*in->at) || is_digit(*in->at) || *in->at == '_' || (with_dots && *in->at == '.')))
		in->at++;
	size_t len = (size_t)(in->at - start);
	return len > 64 || !len || is_digit(*start) || *start == '.' ? 0 : len;
}

/* A number as the names of numbers have it: as its absolute value, and whether it is negative. */
static bool take_number(struct input *in, size_t size, bool is_signed, uint64_t *magnitude, bool *is_negative)
{
	const char *start;
	uint64_t limit = UINT64_MAX >> (64 - 8 * size), number = 0;

	*is_negative = take(in, '-');
	if (*is_negative && !is_signed)
		return false;
	limit = is_signed ? limit / 2 + *is_negative : limit;
	for (start = in->at; in->at != in->end && is_digit(*in->at); in->at++) {
		uint64_t digit = (uint64_t)(*in->at - '0');

		if (number > (limit - digit) / 10)
			return false;
		number = 10 * number + digit;
	}
	*magnitude = number;
	return in->at != start && (*start != '0' || (in->at - start == 1 && !*is_negative));
}

/* The named numbers behind a `{`; NULL, or why they are none. */
static error take_names(struct input *in, struct field *field)
{
	struct {
		const char *name;
		size_t len;
	} seen[256];
	size_t count = 0;
	uint64_t last = 0;
	bool was_negative = false;

	field->names = in->at;
	do {
		uint64_t number;
		bool is_negative;
		const char *name = in->at;
		size_t len = take_name(in, false);

		if (!len || count == 256 || !take(in, '=') || !take_number(in, field->size, field->is_signed, &number, &is_negative))
			return "a name of a number";
		bool ascends = is_negative ? was_negative && number < last : was_negative || number > last;
		if (count && !ascends)
			return "the numbers do not ascend";
		for (size_t i = 0; i < count; i++)
			if (seen[i].len == len && !memcmp(seen[i].name, name, len))
				return "two names are equal";
		seen[count].name = name;
		seen[count++].len = len;
		last = number, was_negative = is_negative;
	} while (take(in, ','));
	field->kind = NAMED;
	return take(in, '}') ? NULL : "named numbers without an end";
}

static bool equals(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

static error take_kind(struct input *in, struct field *field)
{
	const char *kind = in->at;
	size_t number, len = take_name(in, false);

	for (number = 0; number < sizeof NUMBERS / sizeof *NUMBERS; number++)
		if (equals(kind, len, NUMBERS[number].name))
			break;
	if (number < sizeof NUMBERS / sizeof *NUMBERS) {
		field->size = field->align = NUMBERS[number].size;
		field->is_signed = NUMBERS[number].is_signed;
		return NUMBERS[number].can_have_names && take(in, '{') ? take_names(in, field) : NULL;
	}
	if (equals(kind, len, "bool")) {
		field->kind = BOOL, field->size = field->align = 1;
		return NULL;
	}
	if (equals(kind, len, "text")) {
		field->kind = TEXT, field->align = 1;
		return take(in, '[') && (field->size = take_count(in)) && take(in, ']') ? NULL : "a text without its size";
	}
	for (size_t i = 0; i < len; i++)
		if (!is_small(kind[i]) && !(i && (is_digit(kind[i]) || kind[i] == '_')))
			return "an unknown kind";
	if (!len || !take(in, '<') || !(field->size = take_count(in)) || !take(in, '>'))
		return "an unknown kind";
	size_t n = field->size;
	field->kind = LATER, field->align = n == 2 || n == 4 || n == 8 || n == 16 ? n : 1;
	return NULL;
}

static error take_field(struct input *in, struct schema *schema)
{
	struct field field = { .name = in->at, .count = 1 };
	error why;

	field.name_len = take_name(in, true);
	if (!field.name_len || !take(in, ':'))
		return "a field without a name";
	if ((why = take_kind(in, &field)))
		return why;
	if (take(in, '[') && (!(field.count = take_count(in)) || !take(in, ']')))
		return "a count of elements";
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].name_len == field.name_len && !memcmp(schema->fields[i].name, field.name, field.name_len))
			return "two fields have one name";
	field.offset = schema->size;
	if (field.offset % field.align)
		return "a gap";
	if (field.count > (MAX_SIZE - field.offset) / field.size)
		return "the payload is too large";
	schema->size += field.count * field.size;
	schema->align = field.align > schema->align ? field.align : schema->align;
	schema->fields[schema->field_count++] = field;
	return NULL;
}

error parse_schema(const char *text, size_t len, struct schema *schema)
{
	*schema = (struct schema){ .len = len, .align = 1 };
	if (!len || len > MAX_TEXT)
		return "the length of the schema";
	schema->text = malloc(len);
	schema->fields = calloc(MAX_FIELDS, sizeof *schema->fields);
	memcpy(schema->text, text, len);
	struct input in = { schema->text, schema->text + len };
	error why = NULL;

	do
		why = schema->field_count == MAX_FIELDS ? "too many fields" : take_field(&in, schema);
	while (!why && take(&in, ' '));
	if (!why && in.at != in.end)
		why = "what follows a field";
	if (!why && schema->size % schema->align)
		why = "padding at the end";
	if (why)
		free_schema(schema);
	return why;
}

void free_schema(struct schema *schema)
{
	free(schema->text);
	free(schema->fields);
	*schema = (struct schema){ 0 };
}

uint64_t fnv1a(const char *text, size_t len)
{
	uint64_t hash = 0xCBF29CE484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001B3u;
	return hash;
}

/* The length of the character at `bytes`, or 0 if it is none. */
static size_t utf8_len(const unsigned char *bytes, size_t len)
{
	uint32_t c = bytes[0], least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;

	if (n < 2 || n > len)
		return n > len ? 0 : n;
	c &= 0x7Fu >> n;
	for (size_t i = 1; i < n; i++) {
		if (bytes[i] >> 6 != 2)
			return 0;
		c = c << 6 | (bytes[i] & 0x3F);
	}
	return c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0 : n;
}

static bool is_text(const unsigned char *bytes, size_t size)
{
	size_t at = 0;

	while (at < size && bytes[at]) {
		size_t len = utf8_len(bytes + at, size - at);

		if (!len)
			return false;
		at += len;
	}
	for (; at < size; at++)
		if (bytes[at])
			return false;
	return true;
}

/* The bits of a number of 1, 2, 4 or 8 bytes, as those of an i64. */
static uint64_t number_bits(const struct field *field, const unsigned char *at)
{
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (field->size) {
	case 1: return memcpy(&one, at, 1), field->is_signed ? (uint64_t)(int64_t)(int8_t)one : one;
	case 2: return memcpy(&two, at, 2), field->is_signed ? (uint64_t)(int64_t)(int16_t)two : two;
	case 4: return memcpy(&four, at, 4), field->is_signed ? (uint64_t)(int64_t)(int32_t)four : four;
	default: return memcpy(&eight, at, 8), eight;
	}
}

static bool has_name(const struct field *field, const unsigned char *at)
{
	uint64_t bits = number_bits(field, at);

	/* The names were checked: behind each `=` is a number. */
	for (const char *name = field->names; *name != '}'; name++) {
		if (*name != '=')
			continue;
		uint64_t number = strtoull(name[1] == '-' ? name + 2 : name + 1, NULL, 10);

		if (bits == (name[1] == '-' ? -number : number))
			return true;
	}
	return false;
}

const struct field *first_invalid(const struct schema *schema, const unsigned char *payload)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];

		for (size_t element = 0; element < field->count; element++) {
			const unsigned char *at = payload + field->offset + element * field->size;

			if ((field->kind == BOOL && *at > 1) || (field->kind == TEXT && !is_text(at, field->size)) ||
			    (field->kind == NAMED && !has_name(field, at)))
				return field;
		}
	}
	return NULL;
}
