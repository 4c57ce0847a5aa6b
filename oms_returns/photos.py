"""Photos that strangers send: decoded and made anew, so that nothing but the picture is kept.

What a file is called and what the browser says about it means nothing. A drawing that can hold scripts (SVG) is no photo, and
what stood beside the picture in the file (place and camera, a script at its end) is gone.
"""

from io import BytesIO

from PIL import Image, ImageOps

#: Formats that cameras and telephones make, as Pillow calls them. Telephones turn HEIC into JPEG where a page asks for it.
FORMATS = ("JPEG", "PNG")
#: The same for the ``accept`` of a form.
ACCEPT = "image/jpeg,image/png"
BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 60_000_000
#: The longer side of what is kept: enough to see a scratch.
SIDE_MAX = 1600
QUALITY = 82


class NoPhoto(ValueError):
    """This is no photo that can be taken. The text is the code of the reason: ``large`` or ``format``."""


def clean(content: bytes) -> bytes:
    """The picture in a file, as a JPEG without anything else.

    :raise NoPhoto: when it is none, or too large.
    """
    if len(content) > BYTES_MAX:
        raise NoPhoto("large")
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > PIXELS_MAX:
                raise NoPhoto("large")
            image.draft("RGB", (SIDE_MAX, SIDE_MAX))
            picture = ImageOps.exif_transpose(image).convert("RGBA")
    except NoPhoto:
        raise
    except Image.DecompressionBombError as error:
        raise NoPhoto("large") from error
    except Exception as error:  # decoders fail in many ways on what is broken on purpose
        raise NoPhoto("format") from error
    picture.thumbnail((SIDE_MAX, SIDE_MAX))
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    out = BytesIO()
    flat.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
