package cognito

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// The keys of the answers to challenges.
const (
	keyAnswer     = "ANSWER"
	keyCredential = "CREDENTIAL"
	keyEmail      = "EMAIL"
)

// RespondToChallenge answers the pending challenge, whatever its name, with answers as [Answer] describes them. The
// methods named after a challenge know its keys; this one is for those that are not invented yet. It takes the options
// [ClientMetadata] and [UserContextData], or [ContextData] in an administrator's sign-in.
//
// It returns nil when the user is signed in then, a [*ChallengeError] when the pool asks for more, [ErrNoChallenge]
// when nothing is pending, and an [*Error] otherwise. A wrong code leaves the challenge pending; a challenge that is
// spent or expired is [ErrSessionExpired] and no longer pending. The answer is not sent again after a failure that
// leaves open whether the service took it. After [ErrDeviceRefused] the sign-in must start again.
//
// It calls RespondToAuthChallenge, which needs no AWS credentials, or AdminRespondToAuthChallenge, which does, in a
// sign-in that [Cognito.AdminAuthenticate] began. It may be called from several goroutines, but a challenge can be
// answered only once. All of this is so for the methods named after a challenge, too; they return an error that
// names the pending challenge when it is another one.
func (c *Cognito) RespondToChallenge(ctx context.Context, answers map[string]string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToChallenge", opts, func(*signIn, Challenge) (Answer, error) { return answers, nil })
}

// RespondToSMSMFAChallenge answers SMS_MFA with the code that was sent; [ErrCodeMismatch] is the usual error. For the
// rest see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToSMSMFAChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSMSMFAChallenge", types.ChallengeNameTypeSmsMfa, code, opts)
}

// RespondToSoftwareTokenMFAChallenge answers SOFTWARE_TOKEN_MFA with the code that the user's authenticator app shows;
// [ErrCodeMismatch] is the usual error, and [ErrCodeExpired] for a code that was used before. For the rest see
// [Cognito.RespondToChallenge].
func (c *Cognito) RespondToSoftwareTokenMFAChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSoftwareTokenMFAChallenge", types.ChallengeNameTypeSoftwareTokenMfa, code, opts)
}

// RespondToEmailOTPChallenge answers EMAIL_OTP with the code that was sent, be it the first factor or the second;
// [ErrCodeMismatch] is the usual error. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToEmailOTPChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToEmailOTPChallenge", types.ChallengeNameTypeEmailOtp, code, opts)
}

// RespondToSMSOTPChallenge answers SMS_OTP, the first factor, with the code that was sent; [ErrCodeMismatch] is the usual
// error. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToSMSOTPChallenge(ctx context.Context, code string, opts ...CallOption) error {
	return c.answerCode(ctx, "RespondToSMSOTPChallenge", types.ChallengeNameTypeSmsOtp, code, opts)
}

// RespondToNewPasswordChallenge answers NEW_PASSWORD_REQUIRED with the password that replaces the temporary one, and with
// attrs, which may be nil: nothing else is sent. An attribute that the pool requires (see
// [Challenge.RequiredAttributes]) and that is missing is refused before anything is sent; the service refuses one that
// the user has already. [ErrInvalidPassword] is the usual error. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToNewPasswordChallenge(ctx context.Context, password string, attrs Attributes, opts ...CallOption) error {
	answer := &newPasswordAnswer{password, attrs}
	return c.answerPending(ctx, "RespondToNewPasswordChallenge", opts, func(_ *signIn, ch Challenge) (Answer, error) {
		return answer.answer(ch)
	}, types.ChallengeNameTypeNewPasswordRequired)
}

// RespondToCustomChallenge answers CUSTOM_CHALLENGE. After a wrong answer the pool's Lambda functions either ask again,
// which is a new challenge, or give up, which is [ErrInvalidCredentials] and leaves no challenge pending. For the rest
// see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToCustomChallenge(ctx context.Context, answer string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToCustomChallenge", opts, func(*signIn, Challenge) (Answer, error) {
		if answer == "" {
			return nil, fieldError("answer", "want an answer, got none")
		}
		return Answer{keyAnswer: answer}, nil
	}, types.ChallengeNameTypeCustomChallenge)
}

// RespondToPasswordChallenge answers PASSWORD and PASSWORD_SRP, with which a pool asks for the password after another
// factor was chosen, and ADMIN_NO_SRP_AUTH. With PASSWORD_SRP the password is proven, not sent.
// [ErrInvalidCredentials] is the usual error. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToPasswordChallenge(ctx context.Context, password string, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToPasswordChallenge", opts, func(s *signIn, ch Challenge) (Answer, error) {
		if password == "" {
			return nil, fieldError("password", "want a password, got none")
		}
		return s.prove(ch.Name == types.ChallengeNameTypePasswordSrp, password, map[string]string{})
	}, types.ChallengeNameTypePassword, types.ChallengeNameTypePasswordSrp, types.ChallengeNameTypeAdminNoSrpAuth)
}

// RespondToWebAuthnChallenge answers WEB_AUTHN with what the browser made of [Challenge.CredentialRequestOptions]: the
// AuthenticationResponseJSON of WebAuthn, which is passed on as it is. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) RespondToWebAuthnChallenge(ctx context.Context, credentialJSON []byte, opts ...CallOption) error {
	return c.answerPending(ctx, "RespondToWebAuthnChallenge", opts, func(*signIn, Challenge) (Answer, error) {
		if err := checkCredential(credentialJSON); err != nil {
			return nil, err
		}
		return Answer{keyCredential: string(credentialJSON)}, nil
	}, types.ChallengeNameTypeWebAuthn)
}

// checkCredential refuses what no browser makes.
func checkCredential(credentialJSON []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(credentialJSON, &object); err != nil || object == nil {
		return fieldError("credential", "want the browser's credential as a JSON object")
	}
	return nil
}

// SelectMFAType answers SELECT_MFA_TYPE with one of [Challenge.Options], such as SOFTWARE_TOKEN_MFA; the next
// challenge is that one. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) SelectMFAType(ctx context.Context, name types.ChallengeNameType, opts ...CallOption) error {
	return c.answerPending(ctx, "SelectMFAType", opts, func(_ *signIn, ch Challenge) (Answer, error) {
		if err := checkOption("name", name, ch.Options()); err != nil {
			return nil, err
		}
		return Answer{keyAnswer: string(name)}, nil
	}, types.ChallengeNameTypeSelectMfaType)
}

// SelectChallenge answers SELECT_CHALLENGE with one of [Challenge.Options]. PASSWORD and PASSWORD_SRP want the option
// [Password]; the other factors are challenges of their own name then. For the rest see [Cognito.RespondToChallenge].
func (c *Cognito) SelectChallenge(ctx context.Context, name types.ChallengeNameType, opts ...CallOption) error {
	return c.answerPending(ctx, "SelectChallenge", opts, func(s *signIn, ch Challenge) (Answer, error) {
		if err := checkOption("name", name, ch.Options()); err != nil {
			return nil, err
		}
		if err := checkFactor("option "+optPassword, name, s.call.password); err != nil {
			return nil, err
		}
		answer := map[string]string{keyAnswer: string(name)}
		return s.prove(name == types.ChallengeNameTypePasswordSrp, s.call.password, answer)
	}, types.ChallengeNameTypeSelectChallenge)
}

// optPassword is the name of the option Password.
const optPassword = "Password"

// Password is the password that a chosen first factor needs; see [Cognito.SelectChallenge].
func Password(password string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optPassword)
		o.password = password
	})
}

// checkOption refuses a choice that was not offered, if it is known what was.
func checkOption(field string, name types.ChallengeNameType, offered []types.ChallengeNameType) error {
	switch {
	case len(offered) > 0 && !slices.Contains(offered, name):
		return fieldError(field, fmt.Sprintf("want one of %s, got %s", clip(fmt.Sprint(offered)), quote(string(name))))
	case name == "":
		return fieldError(field, "want the name of a challenge, got none")
	default:
		return nil
	}
}

// newPasswordAnswer is what replaces a temporary password.
type newPasswordAnswer struct {
	password string
	attrs    Attributes
}

// attributePrefix is put before the names of attributes in NEW_PASSWORD_REQUIRED.
const attributePrefix = "userAttributes."

func (n *newPasswordAnswer) answer(ch Challenge) (Answer, error) {
	if n.password == "" {
		return nil, fieldError("new password", "want a password, got none")
	}
	var missing []string
	for _, name := range ch.RequiredAttributes() {
		if n.attrs[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fieldError("attributes", fmt.Sprintf("want %s, which the pool requires, got none", clip(fmt.Sprint(missing))))
	}
	answer := Answer{"NEW_PASSWORD": n.password}
	for name, value := range n.attrs {
		answer[attributePrefix+name] = value
	}
	return answer, nil
}

// codeKeys are the keys under which codes are sent.
var codeKeys = map[types.ChallengeNameType]string{
	types.ChallengeNameTypeSmsMfa:           "SMS_MFA_CODE",
	types.ChallengeNameTypeSoftwareTokenMfa: "SOFTWARE_TOKEN_MFA_CODE",
	types.ChallengeNameTypeEmailOtp:         "EMAIL_OTP_CODE",
	types.ChallengeNameTypeSmsOtp:           "SMS_OTP_CODE",
}

func (c *Cognito) answerCode(ctx context.Context, op string, name types.ChallengeNameType, code string, opts []CallOption) error {
	return c.answerPending(ctx, op, opts, func(*signIn, Challenge) (Answer, error) {
		if code == "" {
			return nil, errNoCode
		}
		return Answer{codeKeys[name]: code}, nil
	}, name)
}

// answerPending answers the pending challenge, which must be one of kinds if there are any, with what answer makes of
// it.
func (c *Cognito) answerPending(
	ctx context.Context, op string, opts []CallOption,
	answer func(*signIn, Challenge) (Answer, error), kinds ...types.ChallengeNameType,
) error {
	s, ch, err := c.resume(op, opts, kinds)
	if err != nil {
		return wrapError(op, err)
	}
	answers, err := answer(s, ch)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.goOn(ctx, ch, answers))
}

// resume takes up the pending challenge, which must be one of kinds if there are any.
func (c *Cognito) resume(op string, opts []CallOption, kinds []types.ChallengeNameType) (*signIn, Challenge, error) {
	ch, ok := c.Challenge()
	if !ok {
		return nil, ch, ErrNoChallenge
	}
	if len(kinds) > 0 && !slices.Contains(kinds, ch.Name) {
		return nil, ch, fieldError("pending challenge", fmt.Sprintf("want one of %v, got %s", kinds, clip(string(ch.Name))))
	}
	var extra []string
	if ch.Name == types.ChallengeNameTypeSelectChallenge {
		extra = append(extra, optPassword)
	}
	s, err := c.newSignIn(op, ch.Admin, opts, extra...)
	if err != nil {
		return nil, ch, err
	}
	s.username = ch.Username
	return s, ch, nil
}

// goOn answers ch and takes the sign-in on from there.
func (s *signIn) goOn(ctx context.Context, ch Challenge, answers Answer) error {
	reply, err := s.answer(ctx, ch, answers)
	if err != nil {
		return err
	}
	return s.advance(ctx, reply)
}
