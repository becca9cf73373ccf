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

// withoutEchoes takes the secrets of a request out of the service's error. Its texts mostly do not repeat what was sent,
// but Lambda functions put anything into theirs, and other servers answer with tokens and passwords.
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

// removeEchoes removes secrets from the texts of the service in err, which is one of the SDK's and nobody else's yet.
func removeEchoes(err error, secrets []string) {
	if len(secrets) == 0 {
		return
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if v := reflect.ValueOf(api); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
			for i := range v.Elem().NumField() { // the message, the code, and a reason code
				field := reflect.Indirect(v.Elem().Field(i))
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

// withoutSecrets replaces secrets in text. What a rule of the service's messages knows is the service's own: a user whose
// password is "password" must not be found by it, nor lose the reason.
func withoutSecrets(text string, secrets []string) string {
	own := ownWords(text)
	for _, secret := range secrets {
		var kept strings.Builder
		rest, at := text, 0
		for {
			i := strings.Index(rest, secret)
			if i < 0 {
				break
			}
			begin, end := at+i, at+i+len(secret)
			if isEcho(text, begin, end, own) {
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
			own = ownWords(text)
		}
	}
	return text
}

const redacted = "[redacted]"

// span is a part of a text.
type span struct{ begin, end int }

// ownWords finds the parts of a message that rules know.
func ownWords(message string) (own []span) {
	lower := strings.ToLower(message)
	if len(lower) != len(message) {
		return nil // places in one are not places in the other
	}
	for _, rule := range reasonRules {
		if i := strings.Index(lower, rule.message); i >= 0 && rule.message != "" {
			own = append(own, span{i, i + len(rule.message)})
		}
	}
	return own
}

// shortSecret is the length below which a secret counts as repeated only where it stands alone: "7" is in many words.
const shortSecret = 6

func isEcho(text string, begin, end int, own []span) bool {
	if slices.ContainsFunc(own, func(s span) bool { return begin < s.end && s.begin < end }) {
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

// secretFields are the members of requests that hold a secret.
var secretFields = []string{
	"AccessToken", "ClientSecret", "ClientSecretValue", "Code", "ConfirmationCode", "FeedbackToken", "Password",
	"PasswordVerifier", "PreviousPassword", "ProposedPassword", "RefreshToken", "SecretHash", "Session", "TemporaryPassword",
	"Token", "UserCode",
}

// secretMaps are those that hold secrets under names of their own, and which names.
var secretMaps = map[string]func(name string) bool{
	"AuthParameters": isSecretParameter, "ChallengeResponses": isSecretParameter, "ProviderDetails": isSecretDetail,
}

// isSecretParameter counts parameters that are not known as secrets.
func isSecretParameter(name string) bool {
	public := []string{keyUsername, keyUserIDForSRP, keyDeviceKey, keyChallengeName, keyPreferredChallenge, keyTimestamp, keyEmail, keyTargetACR, keyMaxAge}
	return !slices.Contains(public, name) && !strings.HasPrefix(name, attributePrefix)
}

func isSecretDetail(name string) bool { return name == "client_secret" || name == privateKey }

// secretsOf lists the secrets of a request, the longest first: one may be a part of another.
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

// isChoice reports whether the request answers a challenge whose answer is a name.
func isChoice(input reflect.Value) bool {
	name := input.FieldByName("ChallengeName")
	return name.Kind() == reflect.String &&
		slices.Contains([]string{string(ChallengeSelectChallenge), string(ChallengeSelectMFAType)}, name.String())
}
