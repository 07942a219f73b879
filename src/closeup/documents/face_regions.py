"""XMP sidecars that say where faces are in a photo and whose: the regions of the Metadata Working Group (MWG-RS 2.0).

digiKam, Lightroom, Picasa's heirs and immich read them. A region lies in the photo as it is stored, before its EXIF
orientation turns it upright; x and y are its middle.
"""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from closeup.core.types import FloatArray

_HEAD = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="closeup">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#">
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:Bag>
"""
_REGION = """      <rdf:li>
       <rdf:Description mwg-rs:Type="Face"{name}>
        <mwg-rs:Area stArea:x="{x:.6f}" stArea:y="{y:.6f}" stArea:w="{w:.6f}" stArea:h="{h:.6f}"
          stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>
"""
_FOOT = """     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""

Region = tuple[FloatArray, str | None]
"""A face's box (4,), xyxy pixels of the upright photo, and the person's name, or None."""


def face_regions_xmp(regions: Sequence[Region], size_wh: tuple[int, int], orientation: int) -> bytes:
    """A sidecar with the regions of a photo's faces.

    Args:
        regions: The faces: boxes (4,), xyxy, and names.
        size_wh: (width, height) of the upright photo.
        orientation: EXIF orientation of the file, 1 to 8.
    """
    stored_wh = size_wh[::-1] if orientation >= 5 else size_wh
    text = _HEAD.format(width=stored_wh[0], height=stored_wh[1])
    for box, name in regions:
        x0, y0, x1, y1 = box.astype(float).tolist()
        upright = ((x0 + x1) / 2 / size_wh[0], (y0 + y1) / 2 / size_wh[1])
        sides = ((x1 - x0) / size_wh[0], (y1 - y0) / size_wh[1])
        (x, y), (w, h) = _stored(upright, orientation), sides[::-1] if orientation >= 5 else sides
        text += _REGION.format(name=f" mwg-rs:Name={quoteattr(name)}" if name else "", x=x, y=y, w=w, h=h)
    return (text + _FOOT).encode("utf-8")


def _stored(place: tuple[float, float], orientation: int) -> tuple[float, float]:
    """A place of the upright photo, each coordinate 0 to 1, in the photo as it is stored."""
    x, y = place
    turned = {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }
    return turned.get(orientation, place)
