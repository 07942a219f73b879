"""Why nobody is in a cast: the likely cause, read off the faces that were found and not used."""

from closeup.core.types import Cast
from closeup.documents.baseline import PersonRule
from closeup.features.cast.looking import SMALLEST_FACE_PX
from closeup.weights.cards import all_cards


def why_nobody(cast: Cast) -> str:
    """Say in a sentence or two what most likely kept everybody out; empty where somebody was found.

    Args:
        cast: A cast; people who only pass by, or whom the user has hidden, are somebody.
    """
    if cast.people or cast.passers_by or cast.hidden:
        return ""
    faces = [face for track in cast.tracks for face in track.faces]
    if not faces:
        return (
            "No picture that was looked at shows a face. Backs of heads, faces under about "
            f"{SMALLEST_FACE_PX} pixels and drawn ones are not found."
        )
    rule = _rule(cast)
    sides = [float(min(f.box_xyxy[2] - f.box_xyxy[0], f.box_xyxy[3] - f.box_xyxy[1])) for f in faces]
    known = f"{len(faces):,} {'picture of a face was' if len(faces) == 1 else 'pictures of faces were'} found, but"
    large = [face for face, side in zip(faces, sides, strict=True) if side >= rule.founding_size_px]
    if not large:
        least = f"{rule.founding_size_px:g} pixels asked for"
        return f"{known} all are smaller than the {least}; the largest has {max(sides):.0f}."
    sure = [face for face in large if face.score >= rule.founding_score]
    if not sure:
        best = max(face.score for face in large)
        return (
            f"{known} none surely is one: the detector gives the best {best:.2f}, and {rule.founding_score:g} makes a "
            "person. Masks, drawings and faces half hidden score like that."
        )
    if all(face.quality is None or face.quality.sharpness < rule.founding_sharpness for face in sure):
        return f"{known} all are blurred: out of focus, or moving fast."
    return f"{known} none is seen long and clearly enough to know a person by."


def _rule(cast: Cast) -> PersonRule:
    """What makes a person of this cast, as far as its options and its detector's card say."""
    least_px, detector = cast.options.get("min_face_px"), all_cards().get(cast.models.get("detector", ""))
    founding = detector.thresholds.get("founding") if detector else None
    return PersonRule(
        founding_size_px=float(least_px) if isinstance(least_px, int | float) else 0.0,
        founding_score=founding.value if founding else 0.0,
    )
