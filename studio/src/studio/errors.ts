// What the server refuses, in Korean, by the code that comes with it; the server's own sentence, which has the names and
// numbers, stands behind it.

const KO: Record<string, string> = {
  "server.absent": "찾으시는 것이 없습니다.",
  "server.busy": "지금은 할 수 없습니다. 먼저 진행 중인 작업을 취소하거나 기다려 주세요.",
  "server.http": "그런 요청은 없습니다.",
  "server.large": "요청이 너무 크거나 다 도착하지 않았습니다.",
  "server.origin": "다른 사이트의 페이지에서 온 요청입니다.",
  "server.host": "이 서버의 주소가 아닙니다.",
  "server.rate": "요청이 너무 많습니다. 잠시 기다려 주세요.",
  "server.range": "잘못된 구간을 요청했습니다.",
  "server.scope": "이 작업을 할 권한이 없습니다.",
  "server.unknown": "로그인이 필요합니다.",
  "server.upload": "업로드할 수 없는 파일이거나 업로드가 어긋났습니다.",
  format: "입력한 값이 올바르지 않습니다.",
  unexpected: "closeup 자체에 문제가 생겼습니다. 서버 기록에 자세한 내용이 있습니다.",
  "cast.absent": "출연진을 찾을 수 없습니다.",
  "cast.person": "출연진에 그런 사람이 없습니다.",
  "cast.apart": "같은 화면에 함께 나오므로 한 사람일 수 없습니다.",
  "cast.hidden": "숨긴 사람입니다. 먼저 다시 보이게 하세요.",
  "cast.damaged": "출연진 파일이 손상되었거나 오래되었습니다. 다시 찾아 주세요.",
  "cast.album": "사진첩의 출연진입니다. 영상 하나의 출연진이 필요합니다.",
  "cast.season": "여러 영상의 출연진입니다. 영상 하나의 출연진이 필요합니다.",
  "cast.video": "출연진을 만든 영상이 더 이상 없습니다.",
  "cast.changed-video": "출연진을 만든 뒤 영상이 바뀌었습니다. 다시 찾아 주세요.",
  "video.changed": "작업하는 동안 영상이 바뀌었습니다.",
  "gallery.unknown": "갤러리에 그런 사람이 없습니다.",
  "gallery.taken": "갤러리에 같은 이름이 이미 있습니다.",
  "gallery.empty": "갤러리가 비어 있습니다. 먼저 등록하세요.",
  "gallery.face": "쓸 수 있는 얼굴이 없습니다.",
  "gallery.already-enrolled": "다른 이름으로 이미 등록된 얼굴입니다.",
  "gallery.doubtful": "얼굴이 서로 다른 사람처럼 보입니다.",
  "gallery.doubtful-faces": "얼굴이 서로 다른 사람처럼 보입니다.",
  "gallery.other-model": "갤러리가 다른 모델로 만들어졌습니다.",
  "gallery.old-model": "갤러리가 예전 모델로 만들어졌습니다.",
  "shorts.person": "그 사람으로는 쇼츠를 만들 수 없습니다.",
  "shorts.shorter": "그만큼 긴 장면이 없습니다. 최소 길이를 줄이세요.",
  "shorts.shorter-or-bare": "그만큼 긴 장면이 없습니다. 최소 길이를 줄이세요.",
  "shorts.longer": "최대 길이를 늘리세요.",
  "shorts.space": "디스크 공간이 부족합니다.",
  "model.absent": "필요한 모델이 이 컴퓨터에 없습니다.",
  "model.pull": "필요한 모델이 이 컴퓨터에 없습니다.",
  "model.noncommercial": "상업적으로 쓸 수 없는 모델입니다.",
  "package.absent": "필요한 패키지가 서버에 설치되어 있지 않습니다.",
  "job.cancelled": "취소되었습니다.",
  option: "옵션이 올바르지 않습니다.",
};

/** What is wrong, in the page's language as far as that is known. */
export function inWords(code: string, message: string, hint: string, language: string): string {
  const own = language === "ko" ? KO[code] : undefined;
  const said = [message, hint].filter(Boolean).join(" ");
  return own ? `${own} (${said})` : said;
}
