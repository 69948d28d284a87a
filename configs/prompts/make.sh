#!/bin/sh
# Makes every prompt, the music and the demo's speech anew: sh configs/prompts/make.sh
# It needs espeak-ng (speech) and sox (levels, coding, music). README.md tells the choices.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# say LANGUAGE FILE PITCH TEXT: one spoken file as raw A-law. High-pass and low-pass keep
# what a telephone carries; the compressor lifts soft syllables, so that each prompt is
# equally loud; the limit of -3 dBFS leaves room for the coder.
say() {
	case $1 in
	zh-CN) voice=cmn-latn-pinyin speed=190 ;; # voice cmn spells pinyin in English
	en) voice=en-gb speed=155 ;;
	esac
	espeak-ng -v "$voice" -s "$speed" -p "$3" -w "$work/say.wav" "$4"
	mkdir -p "$(dirname "$2")"
	sox -R -D "$work/say.wav" -r 8000 "$work/band.wav" gain -6 highpass 200 lowpass 3400 norm -9 \
		compand 0.005,0.1 6:-60,-60,-40,-24,-20,-12,0,-6
	sox -R -D "$work/band.wav" -t raw -e a-law -c 1 "$2" norm -3 pad 0.1 0.2
}

prompt() { # prompt NAME CHINESE ENGLISH
	say zh-CN "zh-CN/$1.alaw" 55 "$2"
	say en "en/$1.alaw" 50 "$3"
}

# asking NAME CHINESE ENGLISH: a prompt that ends with the tone after which the caller speaks.
asking() {
	prompt "$@"
	sox -R -D -n -r 8000 "$work/tone.wav" synth 0.4 sine 1000 fade 0.01 0.4 0.02 gain -12
	for language in zh-CN en; do
		sox -R -D -t raw -r 8000 -e a-law -c 1 "$language/$1.alaw" "$work/words.wav"
		sox -R -D "$work/words.wav" "$work/tone.wav" -t raw -e a-law -c 1 "$language/$1.alaw"
	done
}

prompt greeting "您好，欢迎致电投诉服务热线。" \
	"Welcome to the complaint hotline."
prompt greeting-morning "早上好，欢迎致电投诉服务热线。" \
	"Good morning, and welcome to the complaint hotline."
prompt greeting-afternoon "下午好，欢迎致电投诉服务热线。" \
	"Good afternoon, and welcome to the complaint hotline."
prompt greeting-evening "晚上好，欢迎致电投诉服务热线。" \
	"Good evening, and welcome to the complaint hotline."
prompt greeting-night "您好，这里是投诉服务热线夜间值班台。" \
	"Welcome to the night desk of the complaint hotline."
prompt please-wait "话务员正忙，请稍候，我们将尽快为您接听。" \
	"All our agents are busy. Please hold the line, we will be with you as soon as possible."
prompt goodbye-busy "很抱歉让您久等，话务员仍然繁忙，请您稍后再拨。再见。" \
	"We are sorry to have kept you waiting. All our agents are still busy. Please call again later. Goodbye."
prompt closed "您好，现在是非服务时间，请您在服务时间内来电。再见。" \
	"We are closed at the moment. Please call again during our service hours. Goodbye."
prompt recording-notice "为保证服务质量，本次通话将被录音。" \
	"To ensure the quality of our service, this call is recorded."
prompt please-wait-message "话务员正忙，请稍候，我们将尽快为您接听。如需留言，请按二。" \
	"All our agents are busy. Please hold the line, or press 2 to leave a message."
asking message "请在提示音后留言，说完请按井号键或直接挂机。" \
	"Please leave your message after the tone. When you are done, press hash or hang up."
asking message-closed "您好，现在是非服务时间。请在提示音后留言，我们将尽快处理。说完请按井号键或直接挂机。" \
	"We are closed at the moment. Please leave a message after the tone. When you are done, press hash or hang up."
asking message-busy "很抱歉，话务员仍然繁忙。请在提示音后留言，我们将尽快处理。说完请按井号键或直接挂机。" \
	"We are sorry, all our agents are still busy. Please leave a message after the tone, then press hash or hang up."
prompt message-thanks "您的留言已经收到，我们将尽快为您处理。再见。" \
	"Thank you. We have your message and will see to it as soon as possible. Goodbye."
prompt survey "请您评价本次服务。高度满意请按五，一般满意请按四，无意见请按三，有些不满意请按二，极不满意请按一。" \
	"Please rate this call. Very satisfied, press 5. Fairly satisfied, 4. No opinion, 3. Rather dissatisfied, 2. Very dissatisfied, 1."
prompt survey-thanks "感谢您的评价，欢迎您再次来电。再见。" \
	"Thank you for your answer, and for your call. Goodbye."
prompt unknown-number "您拨打的号码暂未开通服务，请核对后再拨。" \
	"The number you have dialled is not in service. Please check the number and dial again."
prompt apology "很抱歉，系统出现故障，暂时无法接通，请您稍后再拨。" \
	"We are sorry. A technical fault keeps us from connecting your call. Please try again later."

# How long a caller waits: wait-about and one of minutes-N, or a sentence of its own.
prompt wait-under-1 "您的预计等待时间不到一分钟。" "Your waiting time will probably be less than one minute."
prompt wait-about "您的预计等待时间约为" "Your waiting time will probably be about"
prompt minutes-1 "一分钟。" "one minute."
prompt minutes-2 "两分钟。" "two minutes."
prompt minutes-3 "三分钟。" "three minutes."
prompt minutes-4 "四分钟。" "four minutes."
prompt minutes-5 "五分钟。" "five minutes."
prompt minutes-6 "六分钟。" "six minutes."
prompt minutes-7 "七分钟。" "seven minutes."
prompt minutes-8 "八分钟。" "eight minutes."
prompt minutes-9 "九分钟。" "nine minutes."
prompt minutes-10 "十分钟。" "ten minutes."
prompt minutes-15 "十五分钟。" "fifteen minutes."
prompt minutes-20 "二十分钟。" "twenty minutes."
prompt minutes-30 "三十分钟。" "thirty minutes."
prompt wait-over-30 "您的预计等待时间超过三十分钟。" "Your waiting time will probably be more than thirty minutes."

prompt callback-offer "如果您不想继续等待，请按一，我们将保留您的排队位置，并在轮到您时给您回电。" \
	"If you do not want to wait on the line, press one. You keep your place, and we will call you back when it is your turn."
prompt callback-taken "您的回电已登记，排队位置已为您保留。轮到您时，我们会给您回电，请保持电话畅通。再见。" \
	"We have noted your number, and you keep your place. We will call you back when it is your turn. Goodbye."
prompt closed-callback "您好，现在是非服务时间。如需我们在上班后给您回电，请按一。" \
	"We are closed at the moment. If you want us to call you back when we open, press one."

demo() { # demo NAME PITCH CHINESE ENGLISH
	say zh-CN "demo/zh-CN/$1.alaw" "$2" "$3"
	say en "demo/en/$1.alaw" "$2" "$4"
}

demo caller-1 35 "你好，我家的宽带从昨天晚上起就断了，报修以后一直没有人来，我要投诉。" \
	"Hello. Our broadband has been down since last night. I reported it, and nobody has come. I want to complain."
demo caller-2 70 "我这个月的话费多收了三十元，我没有订过什么增值业务，请你们查一下。" \
	"My bill is thirty yuan too high this month. I never ordered any extra service. Please look into it."
demo caller-3 45 "我申请移机已经两个星期了，说好三天之内装好，到现在还没有消息。" \
	"I asked you to move my line two weeks ago. You promised three days, and I have heard nothing since."
demo agent-1 60 "非常抱歉给您带来不便。请告诉我您的电话号码，我马上为您登记并派单。" \
	"I am very sorry for the trouble. Please tell me your number. I will register this and send an order at once."
demo agent-2 50 "我已经查到您的记录，这件事我们会在二十四小时之内给您答复。" \
	"I have found your record. You will have our answer within twenty four hours."
demo agent-3 65 "您的投诉已经登记好了，处理人员会尽快跟您联系。感谢您的来电。" \
	"Your complaint is registered, and a specialist will contact you soon. Thank you for calling."

# chord START NOTE...: four seconds of music. The notes are plucked one after another, half
# a second apart, over the same notes as a soft pad that swells and fades. What is plucked
# late rings on into the next chord.
chord() {
	start=$1
	shift
	at=$start
	for note in "$@" "$2" "$3" "$4" "$3"; do
		sox -R -n -r 16000 "$work/part-$at.wav" synth 3 pluck "$note" fade 0 3 2.5 gain -12 pad "$at"
		at=$(echo "$at" | awk '{print $1 + 0.5}')
	done
	sox -R -n -r 16000 "$work/part-pad-$start.wav" synth 5 sine "$1" sine "$2" sine "$3" sine "$4" \
		remix - fade q 1.2 5 2.5 gain -16 pad "$start"
}

# Eight chords make a round of 32 s: C, a, F, G, C, e, F, G.
start=0
while read -r notes; do
	# shellcheck disable=SC2086 # one word for each note
	chord "$start" $notes
	start=$((start + 4))
done <<'BARS'
C3 E3 G3 C4
A2 E3 A3 C4
F2 C3 F3 A3
G2 D3 G3 B3
C3 G3 C4 E4
E3 G3 B3 E4
F2 A3 C4 F4
G2 B3 D4 G4
BARS
mkdir -p music
sox -R -D -m "$work"/part-*.wav "$work/music.wav" norm -6 reverb 40 highpass 120 lowpass 3000
# What rings on after the last chord is laid over the first, so that the round joins itself.
sox -R -D "$work/music.wav" "$work/round.wav" trim 0 32
sox -R -D "$work/music.wav" "$work/tail.wav" trim 32
sox -R -D -m "$work/round.wav" "$work/tail.wav" "$work/whole.wav"
sox -R -D "$work/whole.wav" -t raw -r 8000 -e a-law -c 1 music/calm.alaw norm -18
