/* core/ui/layout.c - keyboard tables, dead keys and letter case. */
#include "core/ui/layout.h"

/* Four rows to a level, as on the keyboard; see layout.h for their order. */
#define ROWS(a, b, c, d) (const uint16_t *)(u"" a b c d)
#define GRAVE "\u0300"
#define ACUTE "\u0301"
#define CIRC "\u0302"
#define TILDE "\u0303"
#define UMLAUT "\u0308"

/* clang-format off */
static const struct sp_ui_layout layouts[] = {
	{.lcid = 0x409, .level = {
		ROWS("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "\\zxcvbnm,./"),
		ROWS("~!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"|", "|ZXCVBNM<>?")}},
	{.lcid = 0x809, .level = {
		ROWS("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./"),
		ROWS("¬!\"£$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?"),
		ROWS("¦   €        ", "  é   úíó   ", "á           ", "           ")}},
	{.lcid = 0x407, .level = {
		ROWS(CIRC "1234567890ß" ACUTE, "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
		ROWS("°!\"§$%&/()=?" GRAVE, "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
		ROWS("  ²³   {[]}\\ ", "@ €        ~", "            ", "|      µ   ")}},
	{.lcid = 0x807, .level = {
		ROWS("§1234567890'" CIRC, "qwertzuiopü" UMLAUT, "asdfghjklöä$", "<yxcvbnm,.-"),
		ROWS("°+\"*ç%&/()=?" GRAVE, "QWERTZUIOPè!", "ASDFGHJKLéà£", ">YXCVBNM;:_"),
		ROWS(" ¦@#  ¬|¢  " ACUTE TILDE, "  €       []", "          {}", "\\          ")}},
	{.lcid = 0x100C, .level = {
		ROWS("§1234567890'" CIRC, "qwertzuiopè" UMLAUT, "asdfghjkléà$", "<yxcvbnm,.-"),
		ROWS("°+\"*ç%&/()=?" GRAVE, "QWERTZUIOPü!", "ASDFGHJKLöä£", ">YXCVBNM;:_"),
		ROWS(" ¦@#  ¬|¢  " ACUTE TILDE, "  €       []", "          {}", "\\          ")}},
	{.lcid = 0x40C, .shift_lock = true, .level = {
		ROWS("²&é\"'(-è_çà)=", "azertyuiop" CIRC "$", "qsdfghjklmù*", "<wxcvbn,;:!"),
		ROWS(" 1234567890°+", "AZERTYUIOP" UMLAUT "£", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
		ROWS("  " TILDE "#{[|" GRAVE "\\^@]}", "  €        ¤", "            ", "           ")}},
	{.lcid = 0x80C, .shift_lock = true, .level = {
		ROWS("²&é\"'(§è!çà)-", "azertyuiop" CIRC "$", "qsdfghjklmùµ", "<wxcvbn,;:="),
		ROWS("³1234567890°_", "AZERTYUIOP" UMLAUT "*", "QSDFGHJKLM%£", ">WXCVBN?./+"),
		ROWS(" |@#  ^  {}  ", "  €       []", "          " ACUTE GRAVE, "\\         " TILDE)}},
	{.lcid = 0x40A, .level = {
		ROWS("º1234567890'¡", "qwertyuiop" GRAVE "+", "asdfghjklñ" ACUTE "ç", "<zxcvbnm,.-"),
		ROWS("ª!\"·$%&/()=?¿", "QWERTYUIOP" CIRC "*", "ASDFGHJKLÑ" UMLAUT "Ç", ">ZXCVBNM;:_"),
		ROWS("\\|@#" TILDE "€¬      ", "  €       []", "          {}", "           ")}},
	{.lcid = 0x80A, .level = {
		ROWS("|1234567890'¿", "qwertyuiop" ACUTE "+", "asdfghjklñ{}", "<zxcvbnm,.-"),
		ROWS("°!\"#$%&/()=?¡", "QWERTYUIOP" UMLAUT "*", "ASDFGHJKLÑ[]", ">ZXCVBNM;:_"),
		ROWS("¬          \\ ", "@          ~", "          " CIRC GRAVE, "           ")}},
	{.lcid = 0x410, .level = {
		ROWS("\\1234567890'ì", "qwertyuiopè+", "asdfghjklòàù", "<zxcvbnm,.-"),
		ROWS("|!\"£$%&/()=?^", "QWERTYUIOPé*", "ASDFGHJKLç°§", ">ZXCVBNM;:_"),
		ROWS("     €       ", "  €       []", "         @# ", "           "),
		ROWS("             ", "          {}", "            ", "           ")}},
	{.lcid = 0x415, .level = {
		ROWS("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "\\zxcvbnm,./"),
		ROWS("~!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"|", "|ZXCVBNM<>?"),
		ROWS("             ", "  ę   € ó   ", "ąś      ł   ", " żźć  ń    ")}},
	{.lcid = 0x41D, .level = {
		ROWS("§1234567890+" ACUTE, "qwertyuiopå" UMLAUT, "asdfghjklöä'", "<zxcvbnm,.-"),
		ROWS("½!\"#¤%&/()=?" GRAVE, "QWERTYUIOPÅ" CIRC, "ASDFGHJKLÖÄ*", ">ZXCVBNM;:_"),
		ROWS("  @£$€ {[]}\\ ", "  €        " TILDE, "            ", "|      µ   ")}},
	{.lcid = 0x419, .other = true, .badge = "РУ", .level = {
		ROWS("ё1234567890-=", "йцукенгшщзхъ", "фывапролджэ\\", "\\ячсмитьбю."),
		ROWS("Ё!\"№;%:?*()_+", "ЙЦУКЕНГШЩЗХЪ", "ФЫВАПРОЛДЖЭ/", "/ЯЧСМИТЬБЮ,")}},
	{.lcid = 0x422, .other = true, .badge = "УК", .level = {
		ROWS("'1234567890-=", "йцукенгшщзхї", "фівапролджє\\", "ґячсмитьбю."),
		ROWS("₴!\"№;%:?*()_+", "ЙЦУКЕНГШЩЗХЇ", "ФІВАПРОЛДЖЄ/", "ҐЯЧСМИТЬБЮ,"),
		ROWS("             ", "      ґ     ", "            ", "           ")}},
	{.lcid = 0x408, .other = true, .badge = "ΕΛ", .level = {
		ROWS("`1234567890-=", ";ςερτυθιοπ[]", "ασδφγηξκλ" ACUTE "'\\", "<ζχψωβνμ,./"),
		ROWS("~!@#$%^&*()_+", ":ΣΕΡΤΥΘΙΟΠ{}", "ΑΣΔΦΓΗΞΚΛ" UMLAUT "\"|", ">ΖΧΨΩΒΝΜ<>?")}},
};
/* clang-format on */

/* Languages that type on the keyboard of another one. */
static const uint16_t alias[][2] = {
		{0x40B, 0x41D}, {0xC0C, 0x409}, {0x1009, 0x409}, {0x43B, 0x41D}};

const struct sp_ui_layout *sp_ui_layout(size_t index)
{
	return &layouts[index < sizeof(layouts) / sizeof(layouts[0]) ? index : 0];
}

size_t sp_ui_layout_find(uint32_t lcid)
{
	size_t n = sizeof(layouts) / sizeof(layouts[0]);
	uint16_t id = (uint16_t)lcid;

	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++) {
		id = alias[i][0] == id ? alias[i][1] : id;
	}
	for (size_t i = 0; i < n; i++) {
		if (layouts[i].lcid == id) {
			return i;
		}
	}
	if ((id & 0x3FF) == 0x0A && id != 0xC0A) {
		return sp_ui_layout_find(0x80A); /* Spanish of America; 0xC0A is modern Spain */
	}
	for (size_t i = 0; i < n; i++) {
		if ((layouts[i].lcid & 0x3FF) == (id & 0x3FF)) {
			return i;
		}
	}
	return 0;
}

int sp_ui_layout_key(uint16_t scancode)
{
	if (scancode == 0x29) {
		return 0;
	}
	if (0x02 <= scancode && scancode <= 0x0D) {
		return scancode - 0x02 + 1;
	}
	if (0x10 <= scancode && scancode <= 0x1B) {
		return scancode - 0x10 + 13;
	}
	if (0x1E <= scancode && scancode <= 0x28) {
		return scancode - 0x1E + 25;
	}
	if (scancode == 0x2B) {
		return 36;
	}
	if (scancode == 0x56) {
		return 37;
	}
	return 0x2C <= scancode && scancode <= 0x35 ? scancode - 0x2C + 38 : -1;
}

/* Letters under the accents; the same place in on[] holds what they become. */
static const struct {
	uint16_t accent;
	uint16_t alone;
	const uint16_t *letters, *become;
} compose[] = {
		{0x300, '`', (const uint16_t *)u"aeiouAEIOU", (const uint16_t *)u"àèìòùÀÈÌÒÙ"},
		{0x301, 0xB4, (const uint16_t *)u"aeiouyAEIOUYcCnNsSzZlLrRαεηιουωΑΕΗΙΟΥΩ",
				(const uint16_t *)u"áéíóúýÁÉÍÓÚÝćĆńŃśŚźŹĺĹŕŔάέήίόύώΆΈΉΊΌΎΏ"},
		{0x302, '^', (const uint16_t *)u"aeiouAEIOUcCgGhHjJsSwWyY",
				(const uint16_t *)u"âêîôûÂÊÎÔÛĉĈĝĜĥĤĵĴŝŜŵŴŷŶ"},
		{0x303, '~', (const uint16_t *)u"anoANOiIuU", (const uint16_t *)u"ãñõÃÑÕĩĨũŨ"},
		{0x308, 0xA8, (const uint16_t *)u"aeiouyAEIOUYιυΙΥ",
				(const uint16_t *)u"äëïöüÿÄËÏÖÜŸϊϋΪΫ"},
};

uint32_t sp_ui_layout_accent(uint16_t accent)
{
	for (size_t i = 0; i < sizeof(compose) / sizeof(compose[0]); i++) {
		if (compose[i].accent == accent) {
			return compose[i].alone;
		}
	}
	return 0;
}

uint32_t sp_ui_layout_compose(uint16_t accent, uint32_t letter)
{
	if (letter == ' ') {
		return sp_ui_layout_accent(accent);
	}
	for (size_t i = 0; i < sizeof(compose) / sizeof(compose[0]); i++) {
		for (size_t k = 0; compose[i].accent == accent && compose[i].letters[k] != 0; k++) {
			if (compose[i].letters[k] == letter) {
				return compose[i].become[k];
			}
		}
	}
	return 0;
}

uint32_t sp_ui_layout_upper(uint32_t ch)
{
	if (('a' <= ch && ch <= 'z') || (0xE0 <= ch && ch <= 0xFE && ch != 0xF7) ||
			(0x3B1 <= ch && ch <= 0x3C9 && ch != 0x3C2) ||
			(0x430 <= ch && ch <= 0x44F)) {
		return ch - 0x20;
	}
	if (0x450 <= ch && ch <= 0x45F) {
		return ch - 0x50;
	}
	if ((0x139 <= ch && ch <= 0x148) || (0x179 <= ch && ch <= 0x17E)) {
		return ch % 2 == 0 ? ch - 1 : ch;
	}
	if (((0x100 <= ch && ch <= 0x137) || (0x14A <= ch && ch <= 0x177) ||
			    (0x460 <= ch && ch <= 0x481) || (0x48A <= ch && ch <= 0x4BF) ||
			    (0x4D0 <= ch && ch <= 0x4FF)) &&
			ch != 0x131) {
		return ch & ~(uint32_t)1;
	}
	return ch == 0xFF ? 0x178 : ch;
}
