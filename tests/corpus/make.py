#!/usr/bin/env python3
"""Writes the text sheets of this folder and their tables. Run it here after a change, and commit what it writes.

What is expected is written down here by hand, never taken from the program. `texts-refused/table.csv` says for each
bad file with which options it is read, the exit code, the faults as line:column:code, and words that the message must
have; `texts/table.csv` says for each good file what must be read from each cell. The tests need no Python: they read
what is committed (`tests/it/corpus.rs`). Files too large to commit are made by the tests.
"""

import csv
import os
import shutil

HEADER = "name,phone,amount,email,link_expiry,cashgram_id,remarks,payout_type,description,notify"
GOOD = "Asha Menon,9000000001,100.00,asha@example.com,+7d,,salary,,,"
FIELDS = HEADER.split(",")
bad, good = [], []


def raw(name, data, exit, words, options="", faults=""):
    """One bad file, byte by byte."""
    data = data.encode() if isinstance(data, str) else data
    bad.append((name + ".csv", data, options, exit, faults, words))


def cells(kind, field, code, *values):
    """Bad values of one field, one file each; the bad row stands on another line each time."""
    for number, value in enumerate(values):
        row = dict(name="Ravi Nair", phone="9000000002", amount="5.00", link_expiry="", email="")
        row[field] = value
        line = '"' + '","'.join(row.get(name, "").replace('"', '""') for name in FIELDS) + '"'
        before = [GOOD] + [""] * (number % 3) + ['"Meera\n",9000000003,7,,,,,,,'] * (number % 2)
        # The quoted line feed takes a line more, and the spaces around a name are no part of it.
        end = ["\n", "\r\n", "\r"][number % 3]
        text = end.join([HEADER] + before + [line, ""])
        at = 2 + len(before) + number % 2
        raw(f"{kind}-{number + 1}", text, 3, code, faults=f"{at}:{field}:{code}")


# Encodings.
for number, (head, data, line, byte) in enumerate([
    ("name,phone,amount\n", b"Jos\xe9,9000000001,1\n", 2, 21),
    ("name,phone,amount\n", b"Asha,9000000001,1\nJos\xe9,9000000002,1\n", 3, 39),
    ("", b"nam\xe9,phone,amount\nAsha,9000000001,1\n", 1, 3),
    ("name,phone,amount,memo\r\n", b"Asha,9000000001,1,\x93ok\x94\r\n", 2, 42),
    ("name,phone,amount\n", b"Asha,9000000001,1\nRavi\xe2\x82", 3, 40),
    ("name,phone,amount\n", b"A\xc0\xaf,9000000001,1\n", 2, 19),
    ("name,phone,amount\n", b"A\xed\xa0\x80,9000000001,1\n", 2, 19),
    ("\ufeffname,phone,amount\r", b"Asha,9000000001,1\rA\x80,9000000002,1\r", 3, 40),
    ("name,phone,amount\n", b"Asha,9000000001,\x80 5\n", 2, 34),
    ("name,phone,amount\n", b'"As\nha",9000000001,\xff\n', 3, 37),
]):
    raw(f"encoding-{number + 1}", head.encode() + data, 1,
        f"not UTF-8|line {line}|byte {byte}|--encoding windows-1252")
ROWS = "name,phone,amount\r\nAsha,9000000001,5\r\nRavi,9000000002,7\r\n"
for end in ["le", "be"]:
    for number, text in enumerate([ROWS, ROWS.replace(",", "\t"), ROWS.replace("\r\n", "\n"), "name"]):
        raw(f"utf16-unmarked-{end}-{number + 1}", text.encode("utf-16-" + end), 1,
            f"UTF-16 without its mark|--encoding utf-16{end}")
    mark = {"le": b"\xff\xfe", "be": b"\xfe\xff"}[end]
    raw(f"utf16-broken-{end}-odd", mark + ROWS.encode("utf-16-" + end) + b"x", 1, f"not UTF-16 {end.upper()}|line 4")
    alone = ROWS.encode("utf-16-" + end) + {"le": b"\x00\xdc", "be": b"\xdc\x00"}[end]
    raw(f"utf16-broken-{end}-half", mark + alone, 1, f"not UTF-16 {end.upper()}|line 4")
    raw(f"utf16-broken-{end}-nul", mark + (ROWS + "A\0").encode("utf-16-" + end), 1, "NUL|line 4")
    raw(f"mark-{end}-utf8", mark + ROWS.encode("utf-16-" + end), 1, "leave --encoding out", "--encoding utf-8")
    raw(f"mark-{end}-1252", mark + ROWS.encode("utf-16-" + end), 1, "leave --encoding out", "--encoding windows-1252")
raw("mark-utf8-1252", b"\xef\xbb\xbf" + ROWS.encode(), 1, "leave --encoding out", "--encoding windows-1252")
raw("utf16-asked-utf8-file", ROWS, 1, "not UTF-16 LE|is --encoding right", "--encoding utf-16le")
for number, byte in enumerate([0x81, 0x8D, 0x8F, 0x90, 0x9D]):
    raw(f"windows1252-undefined-{number + 1}", b"name,phone,amount\nA" + bytes([byte]) + b",9000000001,1\n", 1,
        "not Windows-1252|line 2|byte 19", "--encoding windows-1252")
raw("nul-1", "name,phone,amount\nJo\0,9000000001,1\n", 1, "NUL|line 2|byte 20")
raw("nul-2", "name,phone,amount\r\nJo,9000000001,1\r\n\0", 1, "NUL|line 3|byte 36")
raw("nul-3", "name,phone,am\0unt\nJo,9000000001,1\n", 1, "NUL|line 1|byte 13")
raw("nul-4", "name,phone,amount,memo\nJo,9000000001,1,\0\n", 1, "NUL|line 2|byte 39")
raw("not-a-sheet-html", "<html><body><table><tr><td>name</td></tr></table></body></html>", 1, "web page")
raw("not-a-sheet-doctype", "<!DOCTYPE html>\n<html></html>", 1, "web page")
raw("not-a-sheet-zip", b"PK\x03\x04\x14\0\0\0\x08\0rest", 1, "workbook")
raw("not-a-sheet-ole", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, 1, "no workbook")

# Nothing to read.
for number, (text, words) in enumerate([
    ("", "is empty"), ("\n\n\n", "is empty"), ("\ufeff", "is empty"), (" \n\t\n", "is empty"), (",,,\n,,,\n", "is empty"),
    ("sep=;\n", "is empty"), ("name,phone,amount\n", "no rows"), ("name,phone,amount", "no rows"),
    ("name,phone,amount\n,,\n \n", "no rows"), ("sep=;\nname;phone;amount\n", "no rows"),
]):
    raw(f"empty-{number + 1}", text, 3, words)

# Columns.
for number, (header, words) in enumerate([
    ("name,salary,phone", "no column for amount|found: name, salary, phone"),
    ("Name,Phnoe,Amount", 'no column for phone|--map phone=Phnoe'),
    ("Nmae,Phone,Amount", 'no column for name|--map name=Nmae'),
    ("Name,Mobile No.1,Amount", "no column for phone|--map 'phone=Mobile No.1'"),
    ("Name,Phone,Ammount", 'no column for amount|--map amount=Ammount'),
    ("a,b,c", "no column for name"),
    ("Asha Menon,9000000001,100", "the first line seems to be a row"),
    ("name^phone^amount", "--delimiter"),
    ("emp name;cell;net", "no column for"),
    ("June payroll,,", "seems to be a title: remove the rows above"),
    ("June payroll", "if this is a title, remove the lines above|--delimiter"),
]):
    raw(f"columns-missing-{number + 1}", header + "\nA,9000000001,5\n", 3, words + "|line 1")
for number, (column, why) in enumerate([
    ("Amount ($)", "names another currency"), ("Amount (€)", "names another currency"), ("Amount (£)", "names another currency"),
    ("Amount (¥)", "names another currency"), ("$ Amount", "names another currency"), ("Net Pay ฿", "names another currency"),
    ("Amount (USD)", "names another currency"), ("AmountUSD", "names another currency"), ("Amount %", "holds percentages"),
    ("Amount +/-", "holds changes"), ("Net Amount ±", "holds changes"), ("Amount (in lakhs)", "counts in another unit than rupees"),
    ("Amount in paise", "counts in another unit than rupees"), ("Amount (Rs. in 000)", "counts in another unit than rupees"),
    ("Net Pay (Cr)", "counts in another unit than rupees"),
]):
    words = f'no column for amount|column "{column}" {why}: amounts must be in rupees|line 1'
    raw(f"columns-no-rupees-{number + 1}", f"name,phone,{column}\nA,9000000001,5\n", 3, words)
raw("columns-no-rupees-beside", "name,phone,Amount ($),Amt Rs\nA,9000000001,5,400\n", 3, "no column for amount|--map 'amount=Amt Rs'")
raw("columns-no-rupees-mapped", "name,phone,Amount ($)\nA,9000000001,5\n", 3, "no such column as in --map", "--map amount=Amount")
for number, (header, words) in enumerate([
    ("name,phone,mobile,amount", "both give the phone"), ("name,phone,amount,Net Pay", "both give the amount"),
    ("name,Employee Name,phone,amount", "both give the name"), ("name,name,phone,amount", "both give the name"),
    ("name,phone,amount,e-mail,Email ID", "both give the email"),
    ("name,phone,amount,notify,sendSMS", "both give the notify"),
    ("name,phone,amount,cashgramId,transfer id", "both give the cashgram_id"),
    ("name,phone,amount,expiry,valid till", "both give the link_expiry"),
]):
    row = ",".join(["A"] * len(header.split(",")))
    raw(f"columns-twice-{number + 1}", f"{header}\n{row}\n", 3, words + "|line 1")
for number, (options, words) in enumerate([
    ("--map phone=Mobile", "no such column as in --map"), ("--map phone=name --map name=name", "the same column as"),
    ("--map amount=Nett", "no such column as in --map"),
    ("--map phone=phone --map phone=name", "a column for the same field as"),
    ("--map amount=₹", "no such column as in --map"),
]):
    raw(f"columns-mapped-{number + 1}", "name,phone,amount\nAsha,9000000001,5\n", 3, words + "|line 1", options)
for number, (header, options, words) in enumerate([
    ("name,Mobile,Mobile,amount", "--map phone=Mobile", "both give the phone"),
    ("name,MOBILE,mobile,amount", "--map phone=Mobile", '"MOBILE" and "mobile" both give the phone'),
    ("name,phone,#,Amt", "--map amount=₹", "no such column as in --map"),
]):
    raw(f"columns-mapped-twice-{number + 1}", f"{header}\nAsha,9000000001,9000000002,5\n", 3, words + "|line 1", options)
for number, text in enumerate(["name;x,phone\nA;9,5\n", "a;b,c\n1;2,3\n", "x|y\tz\n1|2\t3\n", "who,what;when|where\n1,2;3|4\n"]):
    raw(f"delimiter-doubtful-{number + 1}", text, 3, "say which, such as --delimiter|line 1")
raw("delimiter-wrong-1", "name;phone;amount\nA;9000000001;5\n", 3, "no column for", "--delimiter comma")
raw("delimiter-wrong-2", "name,phone,amount\nA,9000000001,5\n", 3, "no column for", "--delimiter tab")
raw("delimiter-wrong-3", "sep=|\nname,phone,amount\nA,9000000001,5\n", 3, "no column for|line 2")
columns = "cashgram_id reference_id cashgram_link state status status_reason utr error_code error_message attempts created_at checked_at environment"
raw("own-results", "name,phone,amount," + columns.replace(" ", ",") + "\nAsha,9000000001,5,june-1,,,created,,,,,,1,,,test\n", 3, "results file that paysheet wrote")

# Quotes and sizes.
for number, (text, line) in enumerate([
    ('name,phone,amount\nA,"9000000001,5\nB,9000000002,5\n', 2), ('name,phone,amount\nA,9000000001,5\nB,9000000002,"5\n', 3),
    ('name,phone,"amount\nA,9000000001,5\n', 1), ('name,phone,amount\r\n\r\n"A,9000000001,5', 3), ('name,phone,amount\rA,9000000001,5\r"', 3),
]):
    raw(f"quote-open-{number + 1}", text, 3, f"line {line}|never closed")
raw("size-cell", "name,phone,amount,memo\nA,9000000001,5," + "x" * 4097 + "\n", 3, "line 2|too long|4096 bytes")
raw("size-name", "name,phone,amount\n" + "A" * 5000 + ",9000000001,5\n", 3, "line 2|too long|4096 bytes")
raw("size-columns", "name,phone,amount" + ",x" * 62 + "\n", 3, "line 1|too many columns|64 columns")
raw("size-row", "name,phone,amount\n" + ",".join(["x" * 2000] * 40) + "\n", 3, "line 2|too long")

# Rows.
for number, (row, line) in enumerate([
    ("Ravi,9000000002", 3), ("Ravi,9000000002,1,000.00", 3), ("Ravi", 3), ("Ravi,9000000002,5,", 3), ("Nair, Ravi,9000000002,5", 3),
    ("Ravi;9000000002;5", 3),
]):
    width = row.count(",") + 1
    words = "row.columns|the header has 3|" + ("as many cells as the header" if width < 3 else "put quotes around cells that hold a comma")
    raw(f"row-ragged-{number + 1}", f"name,phone,amount\nAsha,9000000001,5\n{row}\n", 3, words, faults=f"{line}::row.columns")
for number, row in enumerate([
    "Total,,105.00", "GRAND TOTAL,,105", "Sub-total:,,105.00", ",,Total", "Total,,", "TOTAL,,=SUM(C2:C3)", "Total Amount (Rs),,105",
    "Total,,105,,", "Sum,,105",
]):
    row = row if row.count(",") == 4 else row + ",,"
    raw(f"row-total-{number + 1}", f"name,phone,amount,email,dept\nAsha,9000000001,5,,\n{row}\n,,,,\n", 3, "line of totals|row.total", faults="3:phone:row.total")
EXAMPLE = "Example Person - remove this row,9000000001,1.00,remove.this.row@example.com"
for number, line in enumerate([EXAMPLE, EXAMPLE.upper(), EXAMPLE.split("@")[0].rsplit(",", 1)[0] + ",", EXAMPLE.replace(EXAMPLE.split(",")[0], "Asha")]):
    raw(f"row-example-{number + 1}", f"name,phone,amount,email\nAsha,9000000002,5,\n{line}\n", 3, "row.example|template's example", faults="3:name:row.example")
for number, line in enumerate(["Prepared by: X,,,", "Note: paid on 5 Nov,,", ",,,x"]):
    line += "," * (3 - line.count(","))
    raw(f"row-note-{number + 1}", f"name,phone,amount,dept\nAsha,9000000001,5,x\n{line}\n", 3, "1 problem|row.note|one filled cell", faults="3:phone:row.note")
raw("row-total-short", "name,phone,amount,dept\nAsha,9000000001,5,x\nTotal,,5\n", 3, "row.total", faults="3:phone:row.total")
raw("row-twin-1", "name,phone,amount\nAsha,9000000001,5\nAsha,9000000001,5\n", 3, "row.duplicate", faults="3:phone:row.duplicate")
raw("row-twin-2", "name,phone,amount\nAsha,9000000001,5\nRavi,9000000002,5\n ASHA ,+91 90000 00001,5.00\n", 3, "row.duplicate|line 2", faults="4:phone:row.duplicate")
raw("row-twin-3", "name,phone,amount\n" + "Asha,9000000001,5\n" * 3, 3, "row.duplicate", faults="3:phone:row.duplicate 4:phone:row.duplicate")
raw("row-twin-4", "name,phone,amount,dept\nAsha,9000000001,5,a\n\nAsha,09000000001,₹5,b\n", 3, "row.duplicate", faults="4:phone:row.duplicate")
raw("id-twin-1", "name,phone,amount,cashgram_id\nAsha,9000000001,5,A1\nRavi,9000000002,5,A1\n", 3, "id.duplicate", faults="3:cashgram_id:id.duplicate")
raw("id-twin-2", "name,phone,amount,transfer id\nAsha,9000000001,5,A1\nRavi,9000000002,5,A2\nMeera,9000000003,5, A1 \n", 3, "id.duplicate", faults="4:transfer id:id.duplicate")
raw("card-1", "name,phone,amount,memo\nAsha,9000000001,5,4111 1111 1111 1111\n", 3, "cell.card_number", faults="2:memo:cell.card_number")
raw("card-2", "name,phone,amount\n4111111111111111,9000000001,5\n", 3, "cell.card_number", faults="2:name:cell.card_number")

# Names.
cells("name-missing", "name", "name.missing", "", "  ", "\t")
cells("name-characters", "name", "name.characters", "O'Neil", "Asha_M", "Asha (temp)", "Asha, M", "Asha@home", "A*B", '"Asha"', "Asha;M")
cells("name-letters", "name", "name.letters", "José", "आशा मेनन", "Ángel", "Müller", "ஆஷா")
cells("name-length", "name", "name.length", "A" * 101, "Asha " * 40)
# Phones.
cells("phone-missing", "phone", "phone.missing", "", " ")
cells("phone-scientific", "phone", "phone.scientific", "9.87654E+09", "9.19876E+11", "9.876543210e9", "9E9", "9,876E+09")
cells("phone-decimal", "phone", "phone.decimal", "9876543210.0", "9876543210.00", "919876543210.0", "9876543210.")
cells("phone-length", "phone", "phone.length", "987654321", "98765432101", "12345", "+9198765", "00919876543210", "91987654321", "+91")
cells("phone-start", "phone", "phone.start", "5876543210", "0226543210 9".replace(" ", ""), "1234567890", "+912212345678", "2212345678")
cells("phone-letters", "phone", "phone.letters", "98765O3210", "n/a", "9876543210 (home)", "ph 9876543210", "nil")
cells("phone-characters", "phone", "phone.characters", "(98765) 43210", "98765.4321.0", "++919876543210", "98765_43210", "#9876543210", "91+9876543210")
cells("phone-country", "phone", "phone.country", "+44 7911 123456", "+1 415 555 0100", "+971501234567")
cells("phone-digits", "phone", "phone.digits", "९८७६५४३२१०", "９８７６５４３２１０", "98765४३२१०")
cells("phone-negative", "phone", "cell.negative", "-9876543119", "-98765 43119", "-9876543119.00")
cells("phone-two", "phone", "phone.two", "9876543210/9876543211", "9876543210, 9876543211", "9876543210; 98765 43211", "9876543210 & 9876543211")
cells("phone-rounded", "phone", "cell.precision", "987654321098765000", "9876543210987650", "98765432109876500000")
# Amounts.
cells("amount-missing", "amount", "amount.missing", "", " ")
cells("amount-decimals", "amount", "amount.decimals", "5.123", "1250.000", "0.0001", "₹5.555", "1,000.005")
raw("amount-decimals-words", "name;phone;amount\nAsha;9000000001;1.250\n", 3, "amount.decimals|if the point parts thousands, write 1250 or 1,250", faults="2:amount:amount.decimals")
cells("amount-scientific", "amount", "amount.scientific", "1.25E+05", "1e3", "5E2", "1.0E-2")
cells("amount-negative", "amount", "amount.negative", "-5", "(500.00)", "(1,250)", "−500", "500-", "-1,00,000.00")
cells("amount-small", "amount", "amount.too_small", "0", "0.99", "0.00", "₹0.5")
cells("amount-large", "amount", "amount.too_large", "99999999999", "10000000000.01", "12345678901234567890")
cells("amount-grouping", "amount", "amount.grouping", "1,00,00.00", "12,34.00", "1,000,00.00", "10,00000.00", "1,,000.00", ",100.00")
cells("amount-comma", "amount", "amount.comma_decimal", "1250,50", "1.250,50", "12,5", "1.000,00", "1,00,00")
cells("amount-zeros", "amount", "amount.leading_zero", "0001250", "01.00", "00005")
cells("amount-digits", "amount", "amount.digits", "५००", "５００", "1½", "১০০")
cells("amount-behind", "amount", "amount.behind", "500/-", "1,250.00/-", "500 Rs", "500 INR", "500₹", "500 Dr", "500 Cr", "500/=")
cells("amount-currency", "amount", "amount.currency", "$5", "5 USD", "€500", "AED 500", "£5.00")
cells("amount-points", "amount", "amount.format", "1.2.3", "1.000.000", "12.34.56")
cells("amount-format", "amount", "amount.format", "ten", "1 250", "+5", "5.", ".5", "1.2.3".replace("1.2.3", "five hundred"), "-", "1_000", "NaN")
# E-mail.
cells("email-at", "email", "email.at", "nobody", "a@b@example.com", "www.example.com")
cells("email-local", "email", "email.local", "@example.com", ".a@example.com", "a..b@example.com", "a.@example.com")
cells("email-domain", "email", "email.domain", "a@localhost", "a@.com", "a@example.", "a@127.0.0.1", "a@x_y.com", "a@x.c")
cells("email-characters", "email", "email.characters", "a b@example.com", "a@example.com, b@example.com", "Asha <a@example.com>", "ashá@example.com")
cells("email-length", "email", "email.length", "a@" + "b." * 100 + "com")
# Expiries.
cells("expiry-past", "link_expiry", "expiry.past", "2020-01-01", "2020/12/31", "31/12/2020", "31-12-2020")
cells("expiry-far", "link_expiry", "expiry.too_far", "2099-01-01", "+31d", "31/12/2099", "+999d")
cells("expiry-format", "link_expiry", "expiry.format", "soon", "+7", "7d", "05.12.2026", "2026-12", "+7 days", "next week")
cells("expiry-none", "link_expiry", "expiry.no_such_date", "2026-02-30", "31/11/2026", "2026/13/45", "00/12/2026")
cells("expiry-serial", "link_expiry", "expiry.serial", "46361", "46361.0", "45000.75")
cells("expiry-digits", "link_expiry", "expiry.digits", "०५/१२/२०२६", "２０２６-12-05")
cells("expiry-time", "link_expiry", "expiry.time", "2026-12-05T00:00", "05/12/2026 00:00:00", "2026-12-05 5:30 PM")
cells("expiry-year", "link_expiry", "expiry.year", "05/12/26", "5-12-26", "05.12.26")
cells("expiry-month", "link_expiry", "expiry.month_name", "5 Dec 2026", "05-Dec-26", "December 5, 2026", "5th Dec 2026")
for number, (dates, faults) in enumerate([
    (["12/25/2099", "12/05/2099"], "2:link_expiry:expiry.month_first 3:link_expiry:expiry.month_first"),
    (["1/31/2099"], "2:link_expiry:expiry.month_first"),
    (["12-25-2099"], "2:link_expiry:expiry.month_first"),
    (["+7d", "12/25/2099", ""], "3:link_expiry:expiry.month_first"),
    (["25/12/2020", "2020-12-26", "26/12/2020"], "2:link_expiry:expiry.past 3:link_expiry:expiry.style 4:link_expiry:expiry.past"),
    (["2020-12-26", "2020/12/26"], "2:link_expiry:expiry.past 3:link_expiry:expiry.style"),
    (["25-12-2020", "25/12/2020"], "2:link_expiry:expiry.past 3:link_expiry:expiry.style"),
]):
    rows = "".join(f"Asha,900000000{n},5,{date}\n" for n, date in enumerate(dates))
    raw(f"expiry-sheet-{number + 1}", "name,phone,amount,link_expiry\n" + rows, 3, faults.split(":")[-1].split()[0], faults=faults)
# Ids and the rest.
cells("id-characters", "cashgram_id", "id.characters", "has space", "A/1", "A.1", "id#5", "Ä1")
cells("id-length", "cashgram_id", "id.length", "A" * 36, "x-" * 30)
cells("id-scientific", "cashgram_id", "id.scientific", "1.23457E+15", "1E+16")
cells("id-rounded", "cashgram_id", "cell.precision", "1234567890123450", "123456789012345000")
cells("remarks-characters", "remarks", "remarks.characters", "bad-remark!", "50%", "June/July")
cells("remarks-letters", "remarks", "remarks.letters", "वेतन", "für Juni")
cells("remarks-length", "remarks", "remarks.length", "x" * 71)
cells("type-characters", "payout_type", "payout_type.characters", "Type9", "Re-fund")
cells("type-length", "payout_type", "payout_type.length", "x" * 21)
cells("description-characters", "description", "description.characters", "100%", "Order #8841")
cells("description-length", "description", "description.length", "x" * 101)
flags = "name,phone,amount,sendWhatsapp,sendSMS,sendEmail\nAsha,9000000001,5,"
raw("notify-flags-1", flags + "x,1,y\n", 3, "2 notify.format", faults="2:sendWhatsapp:notify.format 2:sendEmail:notify.format")
raw("notify-flags-2", flags + "0,maybe,\n", 3, "1 problem", faults="2:sendSMS:notify.format")
cells("notify-format", "notify", "notify.format", "maybe", "y", "on", "2")
# Damage.
for field in ["name", "phone", "amount", "email", "link_expiry"]:
    cells(f"damage-error-{field.replace('_', '-')}", field, "cell.error", "#REF!", "#N/A")
cells("damage-error", "amount", "cell.error", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "########")
cells("damage-formula", "phone", "cell.formula", "=+919876543210", '="9876543210"', "=A2")
cells("damage-apostrophe", "phone", "cell.apostrophe", "'9876543210", "’9876543210")
cells("damage-spaces", "phone", "cell.spaces", "98765\u00a043210", "98765\u200b43210", "98765\t43210", "98765\u200943210")
cells("damage-spaces-name", "name", "cell.spaces", "Asha\u00a0Menon", "Asha\u200bMenon", "Asha\nMenon")
# Warnings where they count, and totals that do not hold.
for number, (text, warned) in enumerate([
    ("Asha,9000000001,5,a@gmial.com\n", "2:email:email.unusual"),
    ("Asha,9000000001,5,\nAsha,9000000001,6,\n", "3:phone:phone.repeated"),
    ("Asha,9000000001,5,\nRavi,9000000001,5,\n", "3:phone:row.alike"),
]):
    raw(f"strict-{number + 1}", "name,phone,amount,email\n" + text, 3, "--strict stops", "--strict", warned)
PLAIN = "name,phone,amount\nAsha,9000000001,5\nRavi,9000000002,7.50\n"
raw("control-count", PLAIN, 3, "--expect-count says 3", "--expect-count 3")
raw("control-total", PLAIN, 3, "adds up to ₹12.50, --expect-total says ₹12.51: ₹0.01 too little", "--expect-total 12.51")
raw("control-total-more", PLAIN, 3, "--expect-total says ₹10.00: ₹2.50 too much", "--expect-total 10")
raw("control-max", PLAIN, 3, "amount.above_max", "--max-amount 7", "3:amount:amount.above_max")
raw("control-both", PLAIN, 3, "--expect-count says 1", "--expect-count 1 --expect-total 12.50")


def sheet(name, data, rows, options="", encoding="utf-8"):
    """One good file and what must be read: name, phone, amount, then other fields by name."""
    data = data.encode(encoding) if isinstance(data, str) else data
    good.append((name + ".csv", data, options, rows))


def row(name, phone, amount, **others):
    return dict(name=name, phone=phone, amount=amount, **others)


TWO = [row("Asha", "9000000001", "5.00"), row("Ravi", "9000000002", "7.50")]
for name, end in [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")]:
    text = PLAIN.replace("\n", end)
    sheet(f"ends-{name}", text, TWO)
    sheet(f"ends-{name}-none-last", text.rstrip(end), TWO)
    sheet(f"ends-{name}-blank-rows", text.replace(end, end + end) + end + ",," + end + " , ," + end, TWO)
    sheet(f"marked-{name}", "\ufeff" + text, TWO)
sheet("ends-mixed", "name,phone,amount\r\nAsha,9000000001,5\nRavi,9000000002,7.50\r", TWO)
for name, mark in [("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("pipe", "|")]:
    text = PLAIN.replace(",", mark)
    sheet(f"separated-{name}", text, TWO)
    sheet(f"separated-{name}-said", text, TWO, f"--delimiter {name}")
    sheet(f"separated-{name}-line", f"sep={mark}\r\n" + text, TWO)
    quoted = f'"Name, full; or | so"{mark}phone{mark}amount\nx,;|y{mark}9000000001{mark}"1,250.50"\n'.replace("x,;|y", "Asha")
    sheet(f"separated-{name}-quoted", quoted, [row("Asha", "9000000001", "1250.50")], '--map "name=Name, full; or | so"')
sheet("separated-caret-line", "sep=^\n" + PLAIN.replace(",", "^"), TWO)
for end in ["le", "be"]:
    mark = {"le": b"\xff\xfe", "be": b"\xfe\xff"}[end]
    sheet(f"utf16-{end}-marked", mark + PLAIN.encode("utf-16-" + end), TWO)
    sheet(f"utf16-{end}-said", PLAIN.encode("utf-16-" + end), TWO, f"--encoding utf-16{end}")
    sheet(f"utf16-{end}-both", mark + PLAIN.encode("utf-16-" + end), TWO, f"--encoding utf-16{end}")
    sheet(f"utf16-{end}-tabs", mark + PLAIN.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-" + end), TWO)
sheet("utf8-said", PLAIN, TWO, "--encoding utf-8")
sheet("utf8-carried", "name,phone,amount,memo\nAsha,9000000001,5,आशा ☺ 😀\n", TWO[:1])
sheet("windows1252", "name,phone,amount,memo\nAsha,9000000001,5,café “so” €5\n", TWO[:1], "--encoding windows-1252", "cp1252")
sheet("windows1252-plain", PLAIN, TWO, "--encoding windows-1252")
phones = ["9000000001", "+919000000001", "+91 90000 00001", "919000000001", "09000000001", "90000-00001", " 9000000001 ", "\u00a09000000001", "'+91 90000 00001"]
sheet("phones", "name,phone,amount\n" + "".join(f"P{n},{phone},{n + 1}\n" for n, phone in enumerate(phones)),
      [row(f"P{n}", "9000000001", f"{n + 1}.00") for n in range(len(phones))])
amounts = [("5", "5.00"), ("5.5", "5.50"), ("1250.50", "1250.50"), ("1,250", "1250.00"), ("1,00,000", "100000.00"), ("100,000.00", "100000.00"),
           ("12,34,567.89", "1234567.89"), ("1,234,567.89", "1234567.89"), ("₹500", "500.00"), ("₹ 1,250.00", "1250.00"), ("Rs. 500", "500.00"),
           ("Rs 500", "500.00"), ("INR 500", "500.00"), ("inr500", "500.00"), ("1.00", "1.00"), ("10,00,00,00,000", "10000000000.00")]
sheet("amounts", "name,phone,amount\n" + "".join(f'A{n},{9000000000 + n},"{text}"\n' for n, (text, _) in enumerate(amounts)),
      [row(f"A{n}", str(9000000000 + n), read) for n, (_, read) in enumerate(amounts)])
sheet("all-fields", HEADER + "\nAsha Menon,9000000001,5,a.b+c@mail.example.co.in,+7d,ID_1-a,June pay,Refund,Order 8841,yes\n",
      [row("Asha Menon", "9000000001", "5.00", email="a.b+c@mail.example.co.in", link_expiry="+7d", cashgram_id="ID_1-a", remarks="June pay",
           payout_type="Refund", description="Order 8841", notify="yes")])
sheet("all-blank", HEADER + "\nAsha,9000000001,5,,,,,,,\n", TWO[:1])
sheet("dashboard", "cashgramId,name,phone,email,amount,expiryDate,payoutType,description,remarks,sendWhatsapp,sendSMS,sendEmail\n"
      "OCT26_0001,Asha Menon,9000000001,asha.menon@example.com,1250,+9d,Incentive,Order 8841,October incentive,0,1,1\n"
      "OCT26_0002,Ravi Nair,9000000002,,1,,,,,0,0,0\n",
      [row("Asha Menon", "9000000001", "1250.00", email="asha.menon@example.com", link_expiry="+9d", cashgram_id="OCT26_0001", remarks="October incentive",
           payout_type="Incentive", description="Order 8841", notify="yes"),
       row("Ravi Nair", "9000000002", "1.00", cashgram_id="OCT26_0002", notify="no")])
sheet("headers-loud", " NAME ,MOBILE_NO.,Amount (INR),E-Mail\nAsha,9000000001,5,a@example.com\n", [row("Asha", "9000000001", "5.00", email="a@example.com")])
for number, column in enumerate(["Amount (₹)", "₹ Amount", "Amount (Rs.)", "Amount ₨", "Net Pay *", "AMOUNT:"]):
    sheet(f"headers-rupees-{number + 1}", f"name,Phone #,{column}\nAsha,9000000001,5\n", TWO[:1])
sheet("headers-percent-beside", "name,phone,Net Pay,Net Pay %\nAsha,9000000001,5,40\n", TWO[:1])
sheet("headers-aliases", "Payee Name,Contact No,Net Pay,Email ID,Valid Till,Transfer ID,Note,Reason\nAsha,9000000001,5,a@example.com,+1d,T1,june,pay\n",
      [row("Asha", "9000000001", "5.00", email="a@example.com", link_expiry="+1d", cashgram_id="T1", remarks="june", description="pay")])
sheet("headers-quoted", '"name","phone","amount"\n"Asha","9000000001","5"\n', TWO[:1])
sheet("headers-on-two-lines", 'name,phone,"amount\n(Rs)",memo\nAsha,9000000001,5,\n', TWO[:1], '--map "amount=amount (Rs)"')
sheet("headers-mapped", "Who,Cell 1,Net,phone\nAsha,9000000001,5,12345\n", TWO[:1], '--map name=Who --map "phone=Cell 1" --map amount=Net')
sheet("headers-mapped-id", "id,name,phone,amount\nE7,Asha,9000000001,5\n", [row("Asha", "9000000001", "5.00", cashgram_id="E7")], "--map cashgram_id=id")
sheet("headers-id-not-taken", "id,employee id,reference,name,phone,amount\n1,2,3,Asha,9000000001,5\n", TWO[:1])
sheet("quoted-newline", 'name,phone,amount,memo\nAsha,9000000001,5,"two\nlines"\n"Ravi",9000000002,7.50,"a ""quoted"" word"\n', TWO)
sheet("quotes-inside", 'name,phone,amount,memo\nAsha,9000000001,5,5" pipe\n"Ra"vi,9000000002,7.50,x\n', TWO)
sheet("names", "name,phone,amount\nA,9000000001,5\nDr. S. K. Rao-Nair / Sons & Co 2,9000000002,5\n" + "B" * 100 + ",9000000003,5\n",
      [row("A", "9000000001", "5.00"), row("Dr. S. K. Rao-Nair / Sons & Co 2", "9000000002", "5.00"), row("B" * 100, "9000000003", "5.00")])
sheet("notify-words", "name,phone,amount,notify\n" + "".join(f"A{n},{9000000000 + n},5,{word}\n" for n, word in enumerate(["yes", "NO", "1", "0", ""])),
      [row(f"A{n}", str(9000000000 + n), "5.00", notify=word) for n, word in enumerate(["yes", "no", "yes", "no", ""])])
sheet("expiry-days", "name,phone,amount,link_expiry\nA,9000000001,5,+0d\nB,9000000002,5,+30D\nC,9000000003,5,\n",
      [row("A", "9000000001", "5.00", link_expiry="+0d"), row("B", "9000000002", "5.00", link_expiry="+30d"), row("C", "9000000003", "5.00")])
sheet("guarded-cells", "name,phone,amount,link_expiry,memo\nAsha,'+91 90000 00001,5,'+7d,'=1+1\n", [row("Asha", "9000000001", "5.00", link_expiry="+7d")])
sheet("columns-64", "name,phone,amount" + "".join(f",c{n}" for n in range(61)) + "\nAsha,9000000001,5" + "," * 61 + "\n", TWO[:1])
sheet("cell-4096", "name,phone,amount,memo\nAsha,9000000001,5," + "x" * 4096 + "\n", TWO[:1])
sheet("total-is-a-name", "name,phone,amount,dept\nTotal,9000000001,5,Sum\n", [row("Total", "9000000001", "5.00")])
sheet("twins-meant", "name,phone,amount\nAsha,9000000001,5\nAsha,9000000001,5\n", TWO[:1] * 2, "--allow-duplicates")
sheet("twins-with-ids", "name,phone,amount,cashgram_id\nAsha,9000000001,5,A1\nAsha,9000000001,5,A2\n",
      [row("Asha", "9000000001", "5.00", cashgram_id="A1"), row("Asha", "9000000001", "5.00", cashgram_id="A2")])
sheet("controls-hold", PLAIN, TWO, "--expect-count 2 --expect-total 12.50 --max-amount 7.50 --strict")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    for folder, files in [("texts-refused", bad), ("texts", good)]:
        shutil.rmtree(os.path.join(here, folder), ignore_errors=True)
        os.mkdir(os.path.join(here, folder))
        names = [name for name, *_ in files]
        assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
        for name, data, *_ in files:
            with open(os.path.join(here, folder, name), "wb") as file:
                file.write(data)
    with open(os.path.join(here, "texts-refused", "table.csv"), "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "options", "exit", "faults", "words"])
        table.writerows([name, options, exit, faults, words] for name, _, options, exit, faults, words in bad)
    with open(os.path.join(here, "texts", "table.csv"), "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "options", "row"] + FIELDS)
        for name, _, options, rows in good:
            for number, cells in enumerate(rows):
                table.writerow([name, options, number + 1] + [cells.get(field, "") for field in FIELDS])
    classes = {name.removesuffix(".csv").rstrip("0123456789").rstrip("-") for name, *_ in bad}
    print(len(bad), "bad files in", len(classes), "classes;", len(good), "good files")


main()
