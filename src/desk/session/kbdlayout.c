/* desk/session/kbdlayout.c - see kbdlayout.h. */
#include "desk/session/kbdlayout.h"

#include <string.h>

#include "core/base/attr.h"

#define LANGUAGE 0xffff /* of a layout: the language identifier */
#define PRIMARY 0x3ff /* of a language identifier: without the country */

/* Sorted by klid, so that among the layouts of a language the plain one comes first. */
static const struct sp_kbdlayout table[] = {
		{0x00401, "ara", "", true, "Arabic (101)"},
		{0x00402, "bg", "", true, "Bulgarian (typewriter)"},
		{0x00403, "es", "cat", false, "Catalan"},
		{0x00404, "us", "", false, "Chinese (traditional)"},
		{0x00405, "cz", "", false, "Czech"},
		{0x00406, "dk", "", false, "Danish"},
		{0x00407, "de", "", false, "German"},
		{0x00408, "gr", "", true, "Greek"},
		{0x00409, "us", "", false, "US"},
		{0x0040A, "es", "", false, "Spanish"},
		{0x0040B, "fi", "", false, "Finnish"},
		{0x0040C, "fr", "", false, "French"},
		{0x0040D, "il", "", true, "Hebrew"},
		{0x0040E, "hu", "", false, "Hungarian"},
		{0x0040F, "is", "", false, "Icelandic"},
		{0x00410, "it", "", false, "Italian"},
		{0x00411, "jp", "", false, "Japanese"},
		{0x00412, "kr", "", false, "Korean"},
		{0x00413, "nl", "", false, "Dutch"},
		{0x00414, "no", "", false, "Norwegian"},
		{0x00415, "pl", "", false, "Polish (programmers)"},
		{0x00416, "br", "", false, "Portuguese (Brazil ABNT)"},
		{0x00418, "ro", "winkeys", false, "Romanian (legacy)"},
		{0x00419, "ru", "", true, "Russian"},
		{0x0041A, "hr", "", false, "Croatian"},
		{0x0041B, "sk", "", false, "Slovak"},
		{0x0041C, "al", "", false, "Albanian"},
		{0x0041D, "se", "", false, "Swedish"},
		{0x0041E, "th", "", true, "Thai Kedmanee"},
		{0x0041F, "tr", "", false, "Turkish Q"},
		{0x00420, "pk", "", true, "Urdu"},
		{0x00421, "us", "", false, "Indonesian"},
		{0x00422, "ua", "", true, "Ukrainian"},
		{0x00423, "by", "", true, "Belarusian"},
		{0x00424, "si", "", false, "Slovenian"},
		{0x00425, "ee", "", false, "Estonian"},
		{0x00426, "lv", "", false, "Latvian"},
		{0x00427, "lt", "", false, "Lithuanian (IBM)"},
		{0x00428, "tj", "", true, "Tajik"},
		{0x00429, "ir", "", true, "Persian"},
		{0x0042A, "vn", "", false, "Vietnamese"},
		{0x0042B, "am", "", true, "Armenian Eastern"},
		{0x0042C, "az", "", false, "Azerbaijani Latin"},
		{0x0042E, "de", "", false, "Sorbian"},
		{0x0042F, "mk", "", true, "Macedonian"},
		{0x00432, "us", "", false, "Setswana"},
		{0x00437, "ge", "", true, "Georgian"},
		{0x00438, "fo", "", false, "Faroese"},
		{0x00439, "in", "", true, "Hindi"},
		{0x0043A, "mt", "us", false, "Maltese 47"},
		{0x0043B, "no", "smi", false, "Norwegian with Sami"},
		{0x0043E, "us", "", false, "Malay"},
		{0x0043F, "kz", "", true, "Kazakh"},
		{0x00440, "kg", "", true, "Kyrgyz"},
		{0x00442, "tm", "", false, "Turkmen"},
		{0x00444, "ru", "tt", true, "Tatar (legacy)"},
		{0x00445, "in", "ben", true, "Bengali"},
		{0x00446, "in", "guru", true, "Punjabi"},
		{0x00447, "in", "guj", true, "Gujarati"},
		{0x00448, "in", "ori", true, "Odia"},
		{0x00449, "in", "tam", true, "Tamil"},
		{0x0044A, "in", "tel", true, "Telugu"},
		{0x0044B, "in", "kan", true, "Kannada"},
		{0x0044C, "in", "mal", true, "Malayalam"},
		{0x0044D, "in", "ben", true, "Assamese"},
		{0x0044E, "in", "marathi", true, "Marathi"},
		{0x00450, "mn", "", true, "Mongolian Cyrillic"},
		{0x00451, "cn", "tib", true, "Tibetan"},
		{0x00452, "gb", "", false, "Welsh"},
		{0x00453, "kh", "", true, "Khmer"},
		{0x00454, "la", "", true, "Lao"},
		{0x0045A, "sy", "", true, "Syriac"},
		{0x0045B, "lk", "", true, "Sinhala"},
		{0x00461, "np", "", true, "Nepali"},
		{0x00463, "af", "ps", true, "Pashto"},
		{0x00465, "mv", "", true, "Divehi"},
		{0x0046D, "ru", "bak", true, "Bashkir"},
		{0x0046E, "ch", "fr", false, "Luxembourgish"},
		{0x0046F, "us", "", false, "Greenlandic"},
		{0x00480, "cn", "ug", true, "Uyghur"},
		{0x00481, "us", "", false, "Maori"},
		{0x00485, "ru", "sah", true, "Yakut"},
		{0x00492, "iq", "ku_ara", true, "Central Kurdish"},
		{0x00804, "us", "", false, "Chinese (simplified)"},
		{0x00807, "ch", "", false, "Swiss German"},
		{0x00809, "gb", "", false, "United Kingdom"},
		{0x0080A, "latam", "", false, "Latin American"},
		{0x0080C, "be", "", false, "Belgian French"},
		{0x00813, "be", "", false, "Belgian (period)"},
		{0x00816, "pt", "", false, "Portuguese"},
		{0x0081A, "rs", "latin", false, "Serbian Latin"},
		{0x0082C, "az", "cyrillic", true, "Azerbaijani Cyrillic"},
		{0x0083B, "se", "smi", false, "Swedish with Sami"},
		{0x00843, "uz", "latin", false, "Uzbek Latin"},
		{0x00845, "bd", "", true, "Bangla"},
		{0x00850, "mn", "", true, "Mongolian script"},
		{0x0085D, "ca", "ike", true, "Inuktitut Latin"},
		{0x00C04, "us", "", false, "Chinese (Hong Kong)"},
		{0x00C07, "at", "", false, "German (Austria)"},
		{0x00C09, "us", "", false, "English (Australia)"},
		{0x00C0A, "es", "", false, "Spanish (modern)"},
		{0x00C0C, "ca", "fr-legacy", false, "Canadian French (legacy)"},
		{0x00C1A, "rs", "", true, "Serbian Cyrillic"},
		{0x01004, "us", "", false, "Chinese (Singapore)"},
		{0x01007, "ch", "", false, "German (Luxembourg)"},
		{0x01009, "ca", "", false, "Canadian French"},
		{0x0100C, "ch", "fr", false, "Swiss French"},
		{0x01404, "us", "", false, "Chinese (Macao)"},
		{0x01409, "us", "", false, "English (New Zealand)"},
		{0x0141A, "ba", "us", false, "Bosnian Latin"},
		{0x01809, "ie", "", false, "Irish"},
		{0x0201A, "rs", "", true, "Bosnian Cyrillic"},
		{0x04009, "in", "eng", false, "English (India)"},
		{0x10401, "ara", "", true, "Arabic (102)"},
		{0x10402, "us", "", false, "Bulgarian (Latin)"},
		{0x10405, "cz", "qwerty", false, "Czech (QWERTY)"},
		{0x10407, "de", "", false, "German (IBM)"},
		{0x10408, "gr", "", true, "Greek (220)"},
		{0x10409, "us", "dvorak", false, "US Dvorak"},
		{0x1040A, "es", "", false, "Spanish variation"},
		{0x1040C, "fr", "afnor", false, "French AFNOR"},
		{0x1040E, "hu", "101_qwerty_comma_dead", false, "Hungarian 101"},
		{0x10410, "it", "", false, "Italian (142)"},
		{0x10415, "pl", "qwertz", false, "Polish (214)"},
		{0x10416, "br", "", false, "Portuguese (Brazil ABNT2)"},
		{0x10418, "ro", "std", false, "Romanian (standard)"},
		{0x10419, "ru", "typewriter", true, "Russian (typewriter)"},
		{0x1041B, "sk", "qwerty", false, "Slovak (QWERTY)"},
		{0x1041E, "th", "pat", true, "Thai Pattachote"},
		{0x1041F, "tr", "f", false, "Turkish F"},
		{0x10426, "lv", "apostrophe", false, "Latvian (QWERTY)"},
		{0x10427, "lt", "", false, "Lithuanian"},
		{0x1042B, "am", "western", true, "Armenian Western"},
		{0x1042C, "az", "", false, "Azerbaijani (standard)"},
		{0x1042E, "de", "dsb_qwertz", false, "Sorbian (extended)"},
		{0x1042F, "mk", "", true, "Macedonian (standard)"},
		{0x10437, "ge", "", true, "Georgian (QWERTY)"},
		{0x10439, "in", "hin-wx", true, "Hindi traditional"},
		{0x1043A, "mt", "", false, "Maltese 48"},
		{0x10444, "ru", "tt", true, "Tatar"},
		{0x10809, "gb", "dvorakukp", false, "United Kingdom Dvorak"},
		{0x1080C, "be", "", false, "Belgian (comma)"},
		{0x1083B, "fi", "smi", false, "Finnish with Sami"},
		{0x11009, "ca", "multix", false, "Canadian multilingual standard"},
		{0x11809, "gb", "", false, "Gaelic"},
		{0x20401, "ara", "azerty", true, "Arabic (102) AZERTY"},
		{0x20402, "bg", "phonetic", true, "Bulgarian (phonetic)"},
		{0x20405, "cz", "dvorak-ucw", false, "Czech programmers"},
		{0x20407, "de", "e1", false, "German (E1)"},
		{0x20408, "gr", "", true, "Greek (319)"},
		{0x20409, "us", "intl", false, "US international"},
		{0x2040C, "fr", "bepo", false, "French BEPO"},
		{0x2040D, "il", "", true, "Hebrew (standard)"},
		{0x20418, "ro", "", false, "Romanian (programmers)"},
		{0x20419, "ru", "phonetic", true, "Russian (mnemonic)"},
		{0x2041E, "th", "", true, "Thai Kedmanee (no shift lock)"},
		{0x20422, "ua", "", true, "Ukrainian (enhanced)"},
		{0x20426, "lv", "modern", false, "Latvian (standard)"},
		{0x20427, "lt", "std", false, "Lithuanian (standard)"},
		{0x2042B, "am", "phonetic", true, "Armenian phonetic"},
		{0x20437, "ge", "ergonomic", true, "Georgian (ergonomic)"},
		{0x30402, "bg", "", true, "Bulgarian"},
		{0x30407, "de", "e2", false, "German (E2)"},
		{0x30409, "us", "dvorak-l", false, "US Dvorak left hand"},
		{0x3040D, "il", "", true, "Hebrew (standard, 2018)"},
		{0x40402, "bg", "phonetic", true, "Bulgarian (phonetic traditional)"},
		{0x40408, "gr", "", true, "Greek (319) Latin"},
		{0x40409, "us", "dvorak-r", false, "US Dvorak right hand"},
		{0x50409, "us", "", false, "US table for IBM Arabic"},
		{0x50429, "ir", "", true, "Persian (standard)"},
		{0x60408, "gr", "polytonic", true, "Greek polytonic"},
		{0x60409, "us", "colemak", false, "US Colemak"},
};

static const struct sp_kbdlayout *find_masked(uint32_t klid, uint32_t mask)
{
	for (size_t i = 0; i < SP_LEN(table); i++) {
		if ((table[i].klid & mask) == (klid & mask)) {
			return &table[i];
		}
	}
	return NULL;
}

const struct sp_kbdlayout *sp_kbdlayout_find(uint32_t klid, bool *exact)
{
	const struct sp_kbdlayout *found = find_masked(klid, UINT32_MAX);

	if (exact) {
		*exact = found != NULL;
	}
	if (!found) {
		/* An input method (E001xxxx) or a layout of the user's own (A000xxxx). */
		found = find_masked(klid, LANGUAGE);
	}
	if (!found) {
		found = find_masked(klid, PRIMARY);
	}
	return found ? found : find_masked(SP_KBDLAYOUT_US, UINT32_MAX);
}

const char *sp_kbdlayout_model(const struct sp_kbdlayout *layout, uint32_t type)
{
	if (strcmp(layout->layout, "jp") == 0 || type == SP_KBDLAYOUT_TYPE_JAPANESE) {
		return "jp106";
	}
	return strcmp(layout->layout, "br") == 0 ? "abnt2" : "pc105";
}

const struct sp_kbdlayout *sp_kbdlayout_table(size_t *n)
{
	*n = SP_LEN(table);
	return table;
}
