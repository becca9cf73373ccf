package cognito

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// SoftwareToken is the secret that an authenticator app makes codes from. Printed or logged it does not show it.
type SoftwareToken struct {
	// Secret is in base32, as users type it into an app that cannot read the QR code of URI.
	Secret string
}

// URI is what authenticator apps read from a QR code: "otpauth://totp/…", with issuer, the name of the site, and
// account, that of the user there. It holds the secret.
func (t SoftwareToken) URI(issuer, account string) string {
	label, query := escape(account), "?secret="+escape(t.Secret)
	if issuer != "" {
		label, query = escape(issuer)+":"+label, query+"&issuer="+escape(issuer)
	}
	return "otpauth://totp/" + label + query
}

// escape makes any text a part of a URI. Authenticator apps do not read + as a space.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Format prints no secret, whatever the verb.
func (t SoftwareToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SoftwareToken{}") }

// LogValue logs no secret.
func (t SoftwareToken) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// AssociateSoftwareToken makes a secret for an authenticator app; show it to the user, and go on with
// [Cognito.VerifySoftwareToken]. While MFA_SETUP is pending it is for the user who is signing in; the challenge then goes
// on with the session that the service returned: a stored one must be stored again ([Cognito.Challenge]). Else it is for
// the signed-in user. A secret made earlier and verified
// stays good until the new one is verified. [ErrMFANotSetUp] means that the pool has no software tokens.
//
// It calls AssociateSoftwareToken, which needs no AWS credentials but MFA_SETUP or an access token: with neither it
// returns [ErrNotSignedIn].
func (c *Cognito) AssociateSoftwareToken(ctx context.Context) (*SoftwareToken, error) {
	token, err := c.associateSoftwareToken(ctx)
	return token, wrapError("AssociateSoftwareToken", err)
}

func (c *Cognito) associateSoftwareToken(ctx context.Context) (*SoftwareToken, error) {
	var out *cognitoidentityprovider.AssociateSoftwareTokenOutput
	_, err := c.setUp(ctx, c.pendingSetUp(), func(accessToken, session *string) (next *string, err error) {
		out, err = c.pool.sdk.AssociateSoftwareToken(ctx, &cognitoidentityprovider.AssociateSoftwareTokenInput{
			AccessToken: accessToken, Session: session,
		}, sendOnce)
		if err != nil {
			return nil, err
		}
		return out.Session, nil
	})
	if err != nil {
		return nil, err
	}
	if aws.ToString(out.SecretCode) == "" {
		return nil, fieldError("the service's answer", "want a secret, got none")
	}
	return &SoftwareToken{Secret: *out.SecretCode}, nil
}

// VerifySoftwareToken proves with a code from the authenticator app that it has the secret of
// [Cognito.AssociateSoftwareToken]. deviceName, which may be empty, is what the user calls the app: the pool shows it
// with SOFTWARE_TOKEN_MFA. While MFA_SETUP is pending it also answers that, and returns what
// [Cognito.RespondToChallenge] returns: nil when the user is signed in then. It takes the options of that method, which
// without MFA_SETUP have no effect. Should only the second of its two requests fail, RespondToChallenge without answers
// repeats it. A signed-in user goes on with [Cognito.SetUserMFAPreference]. [ErrCodeMismatch] is the usual error.
//
// It calls VerifySoftwareToken, which needs no AWS credentials but MFA_SETUP or an access token: with neither it
// returns [ErrNotSignedIn]; and RespondToAuthChallenge, or AdminRespondToAuthChallenge.
func (c *Cognito) VerifySoftwareToken(ctx context.Context, code, deviceName string, opts ...CallOption) error {
	return wrapError("VerifySoftwareToken", c.verifySoftwareToken(ctx, code, deviceName, opts))
}

func (c *Cognito) verifySoftwareToken(ctx context.Context, code, deviceName string, opts []CallOption) error {
	pending := c.pendingSetUp()
	s, err := c.newSignIn("VerifySoftwareToken", pending != nil && pending.Admin, opts)
	if err != nil {
		return err
	}
	if code == "" {
		return errNoCode
	}
	ch, err := c.setUp(ctx, pending, func(accessToken, session *string) (*string, error) {
		out, err := c.pool.sdk.VerifySoftwareToken(ctx, &cognitoidentityprovider.VerifySoftwareTokenInput{
			AccessToken: accessToken, Session: session, UserCode: aws.String(code), FriendlyDeviceName: optional(deviceName),
		}, sendOnce)
		switch {
		case err != nil:
			return nil, err
		case out.Status != types.VerifySoftwareTokenResponseTypeSuccess:
			return nil, fmt.Errorf("%w: the service's answer is %s", ErrCodeMismatch, clip(string(out.Status)))
		default:
			return out.Session, nil
		}
	})
	if err != nil || ch == nil {
		return err
	}
	return s.goOn(ctx, *ch, nil)
}

// pendingSetUp returns MFA_SETUP while that is pending, else nil.
func (c *Cognito) pendingSetUp() *Challenge {
	ch, ok := c.Challenge()
	if !ok || ch.Name != types.ChallengeNameTypeMfaSetup {
		return nil
	}
	return &ch
}

// setUp makes one call of the set-up of a software token: with the session of MFA_SETUP if that is pending, else with
// the access token. It returns the challenge with the session that came back, nil with an access token.
func (c *Cognito) setUp(
	ctx context.Context, pending *Challenge, call func(accessToken, session *string) (next *string, err error),
) (*Challenge, error) {
	if pending == nil {
		return nil, c.withAccessToken(ctx, func(accessToken *string) error {
			_, err := call(accessToken, nil)
			return err
		})
	}
	ch := *pending
	next, err := call(nil, optional(ch.Session))
	if err != nil {
		return nil, c.session.refusedAnswer(ch, err)
	}
	if aws.ToString(next) != "" {
		ch = c.session.renewChallenge(ch, *next)
	}
	return &ch, nil
}

// renewChallenge gives ch a new session, also where it is pending.
func (s *session) renewChallenge(ch Challenge, next string) Challenge {
	renewed := ch.clone()
	renewed.Session = next
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.challenge != nil && s.challenge.Name == ch.Name && s.challenge.Session == ch.Session {
		kept := renewed.clone()
		s.challenge = &kept
	}
	return renewed
}

// SetupEmailMFA answers MFA_SETUP with an e-mail address, to which the pool sends a code: the next challenge is usually
// EMAIL_OTP. It takes the options of [Cognito.RespondToChallenge], and returns what that returns.
//
// It calls RespondToAuthChallenge, which needs no AWS credentials, or AdminRespondToAuthChallenge, which does.
func (c *Cognito) SetupEmailMFA(ctx context.Context, address string, opts ...CallOption) error {
	return c.answerPending(ctx, "SetupEmailMFA", opts, func(*signIn, Challenge) (Answer, error) {
		if address == "" {
			return nil, fieldError("address", "want an e-mail address, got none")
		}
		return Answer{keyEmail: address}, nil
	}, types.ChallengeNameTypeMfaSetup)
}
