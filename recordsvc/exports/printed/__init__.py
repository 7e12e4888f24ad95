"""Certificates on paper (纸质证明): a signed PDF with its bundle inside, and a code that proves itself.

    sheets.py    what is printed, in words: made by the pages, which know the words
    content.py   what the QR code says, signed; read and checked again
    pdf.py       sheet, fonts and bundle to PDF/A-3b
    sealing.py   the PAdES signature by the key `document`, and its certificate
    needs.py     what the machine must have; without it everything else works

Nothing here reads the archive, and nothing of the extra `paper` is loaded before the first certificate.
"""
