/* Canonical text in one pass over the windows that gather.c gives.
 *
 *   raw bytes --> class of the byte --> [dropped] [folded] [one space] [end of a sentence]
 *   regions:  > quoted line     """ .. """     <document> .. </document>     ``` code ```
 *             each region's bytes are read until the budget of its kind is spent, then skipped
 *
 * Invariants: the output depends on the decoded text alone; decisions about what follows are taken
 * when the next visible character comes, so that zero-width characters and runs of white space
 * cannot sit between. Work is bounded by the windows. Never allocates. Called by score.c and the
 * feature dumper; the shipped weights depend on every rule here: whoever changes one must train
 * again. */
#include "route/canon.h"

#include "route/prose.h"

#define BLOB_TEST_BYTES 32
#define BLOB_TEST_DIGITS 6
#define BLOB_TEST_TURNS 9 /* changes of case or kind in the first BLOB_TEST_BYTES */
#define RUN_MAX_BYTES 240 /* of ASCII without a space: minified code */
#define RUN_KEPT_BYTES 64
#define TAG_MAX_BYTES 24
#define LABEL_MAX_BYTES 3 /* "a." and "0." begin a sentence, they are none */

enum byte_class { B_DROP, B_WORD, B_DIGIT, B_SPACE, B_LINE, B_PUNCT, B_STOP, B_REGION, B_UTF8 };

static const uint8_t classes[256] = {
    ['\t'] = B_SPACE,        ['\n'] = B_LINE,  ['\v'] = B_SPACE,       ['\f'] = B_SPACE,
    ['\r'] = B_LINE,         [' '] = B_SPACE,  ['!'] = B_STOP,         ['"'] = B_REGION,
    ['#' ... '-'] = B_PUNCT, ['.'] = B_STOP,   ['/'] = B_PUNCT,        ['0' ... '9'] = B_DIGIT,
    [':'] = B_STOP,          [';'] = B_PUNCT,  ['<'] = B_REGION,       ['='] = B_PUNCT,
    ['>'] = B_REGION,        ['?'] = B_STOP,   ['@'] = B_PUNCT,        ['A' ... 'Z'] = B_WORD,
    ['[' ... '_'] = B_PUNCT, ['`'] = B_REGION, ['a' ... 'z'] = B_WORD, ['{' ... '~'] = B_PUNCT,
    [128 ... 255] = B_UTF8,
};

/* Elements whose content is someone else's text, not the user's own words. */
static const struct str quoting_tags[] = {
    STR_INIT("document"),   STR_INIT("documents"),      STR_INIT("context"),
    STR_INIT("file"),       STR_INIT("files"),          STR_INIT("file_contents"),
    STR_INIT("source"),     STR_INIT("search_results"), STR_INIT("result"),
    STR_INIT("results"),    STR_INIT("quote"),          STR_INIT("blockquote"),
    STR_INIT("page"),       STR_INIT("attachment"),     STR_INIT("email"),
    STR_INIT("transcript"), STR_INIT("article"),        STR_INIT("system-reminder"),
    STR_INIT("chunk"),      STR_INIT("passage"),        STR_INIT("log"),
    STR_INIT("logs"),       STR_INIT("output"),         STR_INIT("tool_output"),
};

enum region { R_OWN, R_QUOTED, R_CODE };

struct reader {
	const char *p;
	const char *end;
	struct canon *out;
	size_t limit;          /* out->len must not pass it */
	size_t sentence_begin; /* in out->text */
	const char *run_begin; /* raw begin of the run without white space */
	size_t run_at;         /* the same in out->text */
	bool run_is_ascii;
	bool space_before; /* white space was seen since the last visible character */
	bool line_before;  /* with a line end in it */
	bool is_stopped;   /* the last visible character ended a sentence, if white space follows */
	enum region region;
	const char *region_end;
	size_t quoted_left;
	size_t code_left;
	bool window_is_cut;
};

static void finish_sentence(struct reader *r)
{
	struct canon *o = r->out;

	while (o->len > r->sentence_begin && o->text[o->len - 1] == ' ')
		o->len--;
	if (o->len == r->sentence_begin)
		return;
	if (o->sentence_count == CANON_MAX_SENTENCES)
		o->sentence_count--;
	o->is_quoted[o->sentence_count] = r->region == R_QUOTED;
	o->ends[o->sentence_count++] = (uint16_t)o->len;
	r->sentence_begin = r->run_at = o->len;
}

/* "B. two" on a line of its own. */
static bool at_label(const struct reader *r)
{
	return r->end - r->p >= 2 && (r->p[1] == '.' || r->p[1] == ')' || r->p[1] == ':');
}

/* Settles what the white space before a visible character meant. `c` is that character. */
static void settle_space(struct reader *r, char c)
{
	struct canon *o = r->out;
	char last = o->len > r->sentence_begin ? o->text[o->len - 1] : ' ';

	if (r->space_before) {
		bool wraps =
		    classes[(uint8_t)c] == B_WORD && last >= 'a' && last <= 'z' && !at_label(r);
		o->lines += r->line_before;
		if (r->is_stopped || (r->line_before && !wraps))
			finish_sentence(r);
		else if (last != ' ')
			o->text[o->len++] = ' ';
		if (o->len - r->sentence_begin >= CANON_SENTENCE_BYTES)
			finish_sentence(r);
		r->run_at = o->len;
		r->run_begin = r->p;
		r->run_is_ascii = true;
	}
	r->space_before = r->line_before = r->is_stopped = false;
}

/* ---- blobs --------------------------------------------------------------------------------- */

static bool is_blob_byte(char c)
{
	uint8_t k = classes[(uint8_t)c];

	return k == B_WORD || k == B_DIGIT || c == '+' || c == '/' || c == '=' || c == '-' ||
	       c == '_';
}

static int kind_of(char c)
{
	return c >= '0' && c <= '9' ? 0 : c >= 'a' && c <= 'z' ? 1 : c >= 'A' && c <= 'Z' ? 2 : 3;
}

/* Do the first bytes of the run look like base64, hex or a key rather than words? */
static bool run_is_blob(const struct reader *r)
{
	int digits = 0, turns = 0;

	if (!r->run_begin || r->end - r->run_begin < BLOB_TEST_BYTES)
		return false;
	for (int i = 0; i < BLOB_TEST_BYTES; i++) {
		char c = r->run_begin[i];
		if (!is_blob_byte(c))
			return false;
		digits += kind_of(c) == 0;
		turns += i > 0 && kind_of(c) != kind_of(r->run_begin[i - 1]);
	}
	return digits >= BLOB_TEST_DIGITS || turns >= BLOB_TEST_TURNS;
}

/* Called when a run without white space has grown long: leaves it out if it is a blob or minified
 * code. */
static void drop_blob(struct reader *r)
{
	size_t run = r->out->len - r->run_at;

	if (!r->run_is_ascii)
		return;
	if (run >= BLOB_TEST_BYTES && run < BLOB_TEST_BYTES + 32 && run_is_blob(r)) {
		r->out->len = r->run_at;
		while (r->p < r->end && is_blob_byte(*r->p))
			r->p++;
	} else if (run >= RUN_MAX_BYTES) {
		r->out->len = r->run_at + RUN_KEPT_BYTES;
		while (r->p < r->end && classes[(uint8_t)*r->p] != B_SPACE &&
		       classes[(uint8_t)*r->p] != B_LINE)
			r->p++;
	} else {
		return;
	}
	r->out->blobs++;
	r->run_is_ascii = false;
}

/* ---- regions ------------------------------------------------------------------------------- */

static const char *find_text(const char *p, const char *end, struct str needle)
{
	return memmem(p, (size_t)(end - p), needle.ptr, needle.len);
}

static bool starts_with(const struct reader *r, struct str what)
{
	return str_starts_with((struct str){r->p, (size_t)(r->end - r->p)}, what);
}

static void enter_region(struct reader *r, enum region region, const char *end)
{
	finish_sentence(r);
	r->region = region;
	r->region_end = end;
	if (region == R_CODE) {
		r->out->code_bytes += (uint32_t)(end - r->p);
		r->out->fences++;
	} else {
		r->out->quoted_bytes += (uint32_t)(end - r->p);
	}
}

/* A region that `close` ends; without it, one that the window's cut may have ended, or else no
 * region. */
static bool enter_closed(struct reader *r, enum region region, size_t opening, struct str close)
{
	const char *from = r->p + opening;
	const char *end = find_text(from, r->end, close);

	if (!end && !r->window_is_cut)
		return false;
	enter_region(r, region, end ? end : r->end);
	return true;
}

static bool enter_element(struct reader *r)
{
	char close[TAG_MAX_BYTES + 4] = "</";
	size_t len = 0, left = (size_t)(r->end - r->p) - 1;

	while (len < TAG_MAX_BYTES && len < left &&
	       (classes[(uint8_t)r->p[1 + len]] == B_WORD || r->p[1 + len] == '_' ||
	        r->p[1 + len] == '-'))
		len++;
	for (size_t i = 0; i < sizeof(quoting_tags) / sizeof(quoting_tags[0]); i++) {
		if (!str_eq_nocase(quoting_tags[i], (struct str){r->p + 1, len}))
			continue;
		memcpy(close + 2, r->p + 1, len);
		return enter_closed(r, R_QUOTED, 1, (struct str){close, len + 2});
	}
	return false;
}

/* At a character that may open a region. */
static void try_region(struct reader *r, bool at_line_start)
{
	const char *line_end;

	if (r->region != R_OWN)
		return;
	if (*r->p == '`' && starts_with(r, STR("```"))) {
		enter_closed(r, R_CODE, 3, STR("```"));
	} else if (*r->p == '"' && starts_with(r, STR("\"\"\""))) {
		enter_closed(r, R_QUOTED, 3, STR("\"\"\""));
	} else if (*r->p == '<') {
		enter_element(r);
	} else if (*r->p == '>' && at_line_start) {
		line_end = memchr(r->p, '\n', (size_t)(r->end - r->p));
		enter_region(r, R_QUOTED, line_end ? line_end : r->end);
	}
}

/* Ends a region that is over, and jumps over the rest of one whose budget is spent. */
static void watch_region(struct reader *r, size_t written)
{
	size_t *left = r->region == R_CODE ? &r->code_left : &r->quoted_left;

	*left -= written < *left ? written : *left;
	if (*left == 0 && r->p < r->region_end) {
		r->p = r->region_end;
		r->space_before = true;
	}
	if (r->p < r->region_end)
		return;
	finish_sentence(r);
	r->region = R_OWN;
}

/* ---- characters ---------------------------------------------------------------------------- */

static void put_visible(struct reader *r, const char *bytes, size_t len)
{
	settle_space(r, bytes[0]);
	memcpy(r->out->text + r->out->len, bytes, len);
	r->out->len += len;
}

#define ALL_BYTES 0x0101010101010101u

/* Lower-cases eight bytes; gives how many letters stand at their begin. */
static unsigned fold_letters(const char *from, char *to)
{
	uint64_t x, low, is_letter;

	memcpy(&x, from, sizeof(x));
	x = le64toh(x) | ALL_BYTES * 0x20;
	low = x & ALL_BYTES * 0x7F;
	is_letter = (low + ALL_BYTES * (0x80 - 'a')) & ~(low + ALL_BYTES * (0x7F - 'z')) & ~x &
	            ALL_BYTES * 0x80;
	x = htole64(x);
	memcpy(to, &x, sizeof(x));
	is_letter ^= ALL_BYTES * 0x80;
	return is_letter ? (unsigned)__builtin_ctzll(is_letter) / 8 : 8;
}

static void fold_word(struct reader *r)
{
	struct canon *o = r->out;
	const char *p = r->p, *end = r->end;
	char *to = o->text + o->len, *full = o->text + r->limit;
	unsigned run = 8;

	while (run == 8 && end - p >= 8 && to + 8 <= full) {
		run = fold_letters(p, to);
		to += run;
		p += run;
	}
	while (run == 8 && p < end && to < full && classes[(uint8_t)*p] == B_WORD)
		*to++ = (char)(*p++ | 0x20);
	r->p = p;
	o->len = (size_t)(to - o->text);
	if (o->len - r->run_at >= BLOB_TEST_BYTES)
		drop_blob(r);
}

/* At a word's begin, behind a space: takes words as long as each is whole in what is looked at, and
 * far from every bound. */
static void fold_words(struct reader *r)
{
	struct canon *o = r->out;
	size_t taken = 1;

	while (taken && r->end - r->p >= PROSE_BYTES && o->len + PROSE_BYTES <= r->limit &&
	       o->len + PROSE_BYTES < r->sentence_begin + CANON_SENTENCE_BYTES) {
		taken = prose_fold(r->p, o->text + o->len);
		r->p += taken;
		o->len += taken;
	}
	r->run_at = o->len;
	r->run_begin = r->p;
	r->run_is_ascii = true;
}

/* Words that follow with one space between are read in one go: what settle_space would do for
 * them. */
static void read_word(struct reader *r)
{
	struct canon *o = r->out;

	settle_space(r, *r->p);
	fold_word(r);
	while (r->end - r->p >= 2 && r->p[0] == ' ' && classes[(uint8_t)r->p[1]] == B_WORD &&
	       o->len > r->run_at && o->len < r->limit &&
	       o->len - r->sentence_begin < CANON_SENTENCE_BYTES - 1 && r->region == R_OWN) {
		o->text[o->len++] = ' ';
		r->p++;
		fold_words(r);
		fold_word(r);
	}
}

static void read_digits(struct reader *r)
{
	struct canon *o = r->out;
	size_t run = 0;

	settle_space(r, *r->p);
	while (r->p < r->end && o->len < r->limit && classes[(uint8_t)*r->p] == B_DIGIT) {
		if (run++ < 4)
			o->text[o->len++] = '0';
		r->p++;
	}
	if (o->len - r->run_at >= BLOB_TEST_BYTES)
		drop_blob(r);
}

/* One code point and its length in bytes; broken bytes count as one byte to drop. */
static size_t decode(const char *p, const char *end, uint32_t *out_cp)
{
	static const uint8_t lead[] = {1, 1, 1, 1, 2, 2, 3, 4}; /* by the four high bits, less 8 */
	uint8_t b = (uint8_t)*p;
	size_t len = lead[(b >> 4) - 8];
	uint32_t cp = len == 1 ? 0x200B : b & (0x7Fu >> len);

	if ((size_t)(end - p) < len)
		len = 1, cp = 0x200B;
	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)p[i] & 0xC0) != 0x80) {
			*out_cp = 0x200B;
			return 1;
		}
		cp = cp << 6 | ((uint8_t)p[i] & 63);
	}
	*out_cp = cp;
	return len;
}

/* The Spanish marks that open a sentence say nothing that its end does not. */
static bool is_invisible(uint32_t cp)
{
	return cp == 0xA1 || cp == 0xBF || cp == 0xAD || cp == 0x34F || cp == 0x61C ||
	       (cp >= 0x180B && cp <= 0x180E) || (cp >= 0x200B && cp <= 0x200F) ||
	       (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF ||
	       (cp >= 0xFE00 && cp <= 0xFE0F) || (cp >= 0x80 && cp < 0xA0 && cp != 0x85) ||
	       (cp >= 0xE0000 && cp <= 0xE0FFF);
}

static bool is_wide_space(uint32_t cp)
{
	return cp == 0x85 || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

/* The ASCII that a typographic character stands for, or 0. */
static char plain_of(uint32_t cp)
{
	if (cp >= 0xFF01 && cp <= 0xFF5E) {
		char c = (char)(cp - 0xFEE0);
		return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c >= '0' && c <= '9' ? '0' : c;
	}
	if ((cp >= 0x2018 && cp <= 0x201B) || cp == 0x2032)
		return '\'';
	if ((cp >= 0x201C && cp <= 0x201F) || cp == 0xAB || cp == 0xBB || cp == 0x2033 ||
	    (cp >= 0x300C && cp <= 0x300F))
		return '"';
	if ((cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212)
		return '-';
	return cp == 0x3002 ? '.' : cp == 0x2026 ? '.' : cp == 0x3001 ? ',' : 0;
}

static uint32_t lower_of(uint32_t cp)
{
	if ((cp >= 0xC0 && cp <= 0xDE && cp != 0xD7) || (cp >= 0x391 && cp <= 0x3A9) ||
	    (cp >= 0x410 && cp <= 0x42F))
		return cp + 32;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 80;
	if (cp >= 0x100 && cp <= 0x137)
		return cp | 1;
	return cp;
}

static size_t encode(uint32_t cp, char *to)
{
	if (cp < 0x800) {
		to[0] = (char)(0xC0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 63));
		return 2;
	}
	to[0] = (char)(0xE0 | cp >> 12);
	to[1] = (char)(0x80 | (cp >> 6 & 63));
	to[2] = (char)(0x80 | (cp & 63));
	return 3;
}

/* "don't" is one word: the mark between two letters is left out. */
static bool is_apostrophe(const struct reader *r, size_t mark_bytes)
{
	const struct canon *o = r->out;

	return !r->space_before && o->len > r->sentence_begin && o->text[o->len - 1] >= 'a' &&
	       o->text[o->len - 1] <= 'z' && (size_t)(r->end - r->p) > mark_bytes &&
	       classes[(uint8_t)r->p[mark_bytes]] == B_WORD;
}

static void read_utf8(struct reader *r)
{
	char bytes[4];
	uint32_t cp;
	size_t len = decode(r->p, r->end, &cp);
	char plain = plain_of(cp);

	if (is_invisible(cp)) {
		r->p += len;
		return;
	}
	if (is_wide_space(cp)) {
		r->space_before = true;
		r->p += len;
		return;
	}
	if (plain == '\'' && is_apostrophe(r, len)) {
		r->p += len;
		return;
	}
	if (plain) {
		put_visible(r, &plain, 1);
		r->is_stopped = plain == '.' || plain == '?' || plain == '!';
		r->space_before = r->is_stopped && cp >= 0x3000;
	} else {
		memcpy(bytes, r->p, len < 4 ? len : 4);
		put_visible(r, bytes, cp < 0x10000 ? encode(lower_of(cp), bytes) : len);
		r->run_is_ascii = false;
	}
	r->p += len;
}

static void read_punct(struct reader *r, enum byte_class k)
{
	bool closes = *r->p == '"' || *r->p == ')' || *r->p == '\'' || *r->p == ']';
	bool stays = r->is_stopped && closes && !r->space_before;

	if (*r->p == '\'' && is_apostrophe(r, 1)) {
		r->p++;
		return;
	}
	put_visible(r, r->p, 1);
	r->is_stopped = stays || (k == B_STOP && r->out->len - r->sentence_begin > LABEL_MAX_BYTES);
	r->p++;
	if (r->out->len - r->run_at >= RUN_MAX_BYTES)
		drop_blob(r);
}

static void read_one(struct reader *r)
{
	enum byte_class k = classes[(uint8_t)*r->p];

	switch (k) {
	case B_WORD:
		read_word(r);
		break;
	case B_DIGIT:
		read_digits(r);
		break;
	case B_SPACE:
	case B_LINE:
		r->space_before = true;
		r->line_before |= k == B_LINE;
		r->p++;
		break;
	case B_REGION:
		try_region(r, r->line_before || r->out->len == 0);
		read_punct(r, k);
		break;
	case B_PUNCT:
	case B_STOP:
		read_punct(r, k);
		break;
	case B_UTF8:
		read_utf8(r);
		break;
	case B_DROP:
		r->p++;
	}
}

static void read_window(struct reader *r)
{
	while (r->p < r->end && r->out->len < r->limit) {
		size_t before = r->out->len;
		read_one(r);
		if (r->region != R_OWN)
			watch_region(r, r->out->len > before ? r->out->len - before : 0);
	}
	finish_sentence(r);
	r->space_before = r->line_before = r->is_stopped = false;
	r->region = R_OWN;
}

/* The end of the text: at most `bytes` before its trailing white space, from a word's begin,
 * behind what was read. */
static struct str tail_of(struct str window, size_t bytes)
{
	size_t end = window.len, begin;

	while (end > 0 && (classes[(uint8_t)window.ptr[end - 1]] == B_SPACE ||
	                   classes[(uint8_t)window.ptr[end - 1]] == B_LINE))
		end--;
	begin = end > bytes ? end - bytes : 0;
	for (size_t i = 0; begin > 0 && i < 64 && begin < end; i++, begin++)
		if (classes[(uint8_t)window.ptr[begin - 1]] == B_SPACE ||
		    classes[(uint8_t)window.ptr[begin - 1]] == B_LINE)
			break;
	while (begin < end && ((uint8_t)window.ptr[begin] & 0xC0) == 0x80)
		begin++;
	return (struct str){window.ptr + begin, end - begin};
}

void canon_read(const struct gather_source *source, struct canon_limits limits, struct canon *out)
{
	struct gather g;
	struct reader r = {.out = out, .limit = limits.head_bytes, .run_is_ascii = true};
	struct str tail;

	must(limits.head_bytes <= CANON_HEAD_BYTES && limits.tail_bytes <= CANON_TAIL_BYTES);
	memset((char *)out + offsetof(struct canon, len), 0,
	       sizeof(*out) - offsetof(struct canon, len));
	gather_read(source, &g);
	r.quoted_left = CANON_QUOTED_BYTES;
	r.code_left = CANON_CODE_BYTES;
	r.window_is_cut = g.is_cut;
	r.p = r.run_begin = g.head.ptr;
	r.end = g.head.ptr + g.head.len;
	read_window(&r);
	if (!g.is_cut && r.p == r.end)
		return;
	tail = tail_of(g.is_cut ? g.tail : g.head, limits.tail_bytes);
	if (!g.is_cut && tail.ptr < r.p)
		tail = (struct str){r.p, (size_t)(r.end - r.p)};
	out->is_long = 1;
	r.p = r.run_begin = tail.ptr;
	r.end = tail.ptr + tail.len;
	r.limit = out->len + limits.tail_bytes;
	r.window_is_cut = false;
	read_window(&r);
}
