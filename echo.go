package cognito

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// withoutEchoes removes the secrets of a request from the service's error. The service's own
// messages rarely repeat them, but Lambda functions choose their texts freely, and other servers
// return tokens and passwords.
func withoutEchoes(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("cognito.withoutEchoes", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if err != nil {
			removeEchoes(err, secretsOf(in.Parameters))
		}
		return out, metadata, err
	}), middleware.Before)
}

// removeEchoes removes secrets from the service's texts in err. It changes err in place, so err
// must be an SDK error that nothing else uses yet.
func removeEchoes(err error, secrets []string) {
	if len(secrets) == 0 {
		return
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if v := reflect.ValueOf(api); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
			for _, value := range v.Elem().Fields() { // the message, the code, and a reason code
				field := reflect.Indirect(value)
				if field.Kind() == reflect.String && field.CanSet() {
					field.SetString(withoutSecrets(field.String(), secrets))
				}
			}
		}
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		response.RequestID = withoutSecrets(response.RequestID, secrets)
	}
}

// withoutSecrets redacts secrets in text. It keeps what a reasonRule matches, which is the
// service's own text. If it redacted "password" there, the error would reveal that this is the
// user's password, and it would lose its reason.
func withoutSecrets(text string, secrets []string) string {
	known := knownText(text)
	for _, secret := range secrets {
		var kept strings.Builder
		rest, at := text, 0
		for {
			i := strings.Index(rest, secret)
			if i < 0 {
				break
			}
			begin, end := at+i, at+i+len(secret)
			if isEcho(text, begin, end, known) {
				kept.WriteString(rest[:i] + redacted)
				rest, at = rest[i+len(secret):], end
				continue
			}
			_, size := utf8.DecodeRuneInString(rest[i:])
			kept.WriteString(rest[:i+size])
			rest, at = rest[i+size:], begin+size
		}
		if at > 0 {
			text = kept.String() + rest
			known = knownText(text)
		}
	}
	return text
}

const redacted = "[redacted]"

// span is a range of bytes in a text.
type span struct{ begin, end int }

// knownText returns the parts of a message that a reasonRule matches.
func knownText(message string) (known []span) {
	lower := strings.ToLower(message)
	if len(lower) != len(message) {
		return nil // positions in lower are not positions in message
	}
	for _, rule := range reasonRules {
		if i := strings.Index(lower, rule.message); i >= 0 && rule.message != "" {
			known = append(known, span{i, i + len(rule.message)})
		}
	}
	return known
}

// shortSecret is the length in bytes below which a secret is redacted only as a whole word. A short
// secret such as "7" is part of much other text.
const shortSecret = 6

// isEcho reports whether the secret at text[begin:end] is to be redacted.
func isEcho(text string, begin, end int, known []span) bool {
	if slices.ContainsFunc(known, func(s span) bool { return begin < s.end && s.begin < end }) {
		return false
	}
	if end-begin >= shortSecret {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:begin])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return !isPartOfWord(before) && !isPartOfWord(after)
}

func isPartOfWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// secretFields are the fields of requests that hold a secret.
var secretFields = []string{
	"AccessToken", "ClientSecret", "ClientSecretValue", "Code", "ConfirmationCode", "FeedbackToken", "Password",
	"PasswordVerifier", "PreviousPassword", "ProposedPassword", "RefreshToken", "SecretHash", "Session",
	"TemporaryPassword", "Token", "UserCode",
}

// secretMaps are the fields of requests that are maps with secrets, each with a function that
// reports whether a key holds one.
var secretMaps = map[string]func(name string) bool{
	"AuthParameters": isSecretParameter, "ChallengeResponses": isSecretParameter, "ProviderDetails": isSecretDetail,
}

// isSecretParameter reports whether a parameter is secret. It treats unknown parameters as secret.
func isSecretParameter(name string) bool {
	public := []string{
		keyUsername, keyUserIDForSRP, keyDeviceKey, keyChallengeName, keyPreferredChallenge, keyTimestamp, keyEmail,
		keyTargetACR, keyMaxAge,
	}
	return !slices.Contains(public, name) && !strings.HasPrefix(name, attributePrefix)
}

func isSecretDetail(name string) bool { return name == "client_secret" || name == privateKey }

// secretsOf returns the secrets of a request. The longest is first, since a secret may contain
// another one.
func secretsOf(input any) []string {
	var secrets []string
	add := func(secret string) {
		if secret != "" && !slices.Contains(secrets, secret) {
			secrets = append(secrets, secret)
		}
	}
	collectSecrets(reflect.ValueOf(input), add)
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}

func collectSecrets(v reflect.Value, add func(string)) {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return
	}
	choice := isChoice(v)
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, reflect.Indirect(v.Field(i))
		switch {
		case !v.Type().Field(i).IsExported():
		case field.Kind() == reflect.Struct:
			collectSecrets(field, add)
		case field.Kind() == reflect.String && slices.Contains(secretFields, name):
			add(field.String())
		case field.Kind() == reflect.Map && secretMaps[name] != nil:
			for entries := field.MapRange(); entries.Next(); {
				key := entries.Key().String()
				if secretMaps[name](key) && (key != keyAnswer || !choice) {
					add(entries.Value().String())
				}
			}
		}
	}
}

// isChoice reports whether the request answers a challenge whose answer is the name of a choice,
// which is not secret.
func isChoice(input reflect.Value) bool {
	name := input.FieldByName("ChallengeName")
	return name.Kind() == reflect.String &&
		slices.Contains([]string{string(ChallengeSelectChallenge), string(ChallengeSelectMFAType)}, name.String())
}
