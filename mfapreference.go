package cognito

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// MFASetting is what becomes of one second factor of a user.
type MFASetting int

const (
	// MFAUnchanged leaves the factor as it is.
	MFAUnchanged MFASetting = iota
	// MFADisabled turns the factor off.
	MFADisabled
	// MFAEnabled turns the factor on, without preference.
	MFAEnabled
	// MFAPreferred turns the factor on and makes it the one that the user is asked for.
	MFAPreferred
)

// String returns the setting's name.
func (s MFASetting) String() string {
	names := [...]string{"unchanged", "disabled", "enabled", "preferred"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("MFASetting(%d)", int(s))
	}
	return names[s]
}

// MFAPreference says which second factors a user has. The zero value of each leaves it as it is. With several enabled and
// none preferred the user is asked to choose, by SELECT_MFA_TYPE.
type MFAPreference struct {
	// SMS is a code by SMS, which needs a phone number; Email one by e-mail, which needs an address; SoftwareToken that
	// of an authenticator app, which must be verified (see [Cognito.VerifySoftwareToken]).
	SMS, SoftwareToken, Email MFASetting
	// WebAuthn is a passkey that verified its user as both factors at once. It cannot be preferred.
	WebAuthn MFASetting
}

// check refuses what the service would, or would do nothing for.
func (p MFAPreference) check() error {
	preferred := 0
	for name, setting := range map[string]MFASetting{"SMS": p.SMS, "SoftwareToken": p.SoftwareToken, "Email": p.Email, "WebAuthn": p.WebAuthn} {
		if setting < MFAUnchanged || setting > MFAPreferred {
			return fieldError("preference "+name, "want MFAUnchanged, MFADisabled, MFAEnabled or MFAPreferred, got "+setting.String())
		}
		if setting == MFAPreferred {
			preferred++
		}
	}
	switch {
	case p == MFAPreference{}:
		return fieldError("preference", "want at least one factor to change, got none")
	case p.WebAuthn == MFAPreferred:
		return fieldError("preference WebAuthn", "want MFAEnabled, a passkey cannot be preferred")
	case preferred > 1:
		return fieldError("preference", fmt.Sprintf("want at most one preferred factor, got %d", preferred))
	default:
		return nil
	}
}

func (s MFASetting) on() bool { return s == MFAEnabled || s == MFAPreferred }

// settings are p as the service takes it: what is nil stays as it is.
func (p MFAPreference) settings() (sms *types.SMSMfaSettingsType, token *types.SoftwareTokenMfaSettingsType, email *types.EmailMfaSettingsType, passkey *types.WebAuthnMfaSettingsType) {
	if p.SMS != MFAUnchanged {
		sms = &types.SMSMfaSettingsType{Enabled: p.SMS.on(), PreferredMfa: p.SMS == MFAPreferred}
	}
	if p.SoftwareToken != MFAUnchanged {
		token = &types.SoftwareTokenMfaSettingsType{Enabled: p.SoftwareToken.on(), PreferredMfa: p.SoftwareToken == MFAPreferred}
	}
	if p.Email != MFAUnchanged {
		email = &types.EmailMfaSettingsType{Enabled: p.Email.on(), PreferredMfa: p.Email == MFAPreferred}
	}
	if p.WebAuthn != MFAUnchanged {
		passkey = &types.WebAuthnMfaSettingsType{Enabled: p.WebAuthn.on()}
	}
	return sms, token, email, passkey
}

// SetUserMFAPreference changes the second factors of the signed-in user; [ErrMFANotSetUp] is the usual error, for a
// software token that was not verified.
//
// It calls SetUserMFAPreference, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) SetUserMFAPreference(ctx context.Context, p MFAPreference) error {
	return wrapError("SetUserMFAPreference", c.setUserMFAPreference(ctx, p))
}

func (c *Cognito) setUserMFAPreference(ctx context.Context, p MFAPreference) error {
	if err := p.check(); err != nil {
		return err
	}
	sms, token, email, passkey := p.settings()
	return c.withAccessToken(ctx, func(accessToken *string) error {
		_, err := c.pool.sdk.SetUserMFAPreference(ctx, &cognitoidentityprovider.SetUserMFAPreferenceInput{
			AccessToken: accessToken, SMSMfaSettings: sms, SoftwareTokenMfaSettings: token, EmailMfaSettings: email, WebAuthnMfaSettings: passkey,
		})
		return err
	})
}

// AdminSetUserMFAPreference changes the second factors of the user username; [ErrUserNotFound] and [ErrMFANotSetUp] are
// the usual errors.
//
// It calls AdminSetUserMFAPreference, which needs AWS credentials.
func (c *Cognito) AdminSetUserMFAPreference(ctx context.Context, username string, p MFAPreference) error {
	return wrapError("AdminSetUserMFAPreference", c.adminSetUserMFAPreference(ctx, username, p))
}

func (c *Cognito) adminSetUserMFAPreference(ctx context.Context, username string, p MFAPreference) error {
	if username == "" {
		return errNoUsername
	}
	if err := p.check(); err != nil {
		return err
	}
	sms, token, email, passkey := p.settings()
	_, err := c.pool.sdk.AdminSetUserMFAPreference(ctx, &cognitoidentityprovider.AdminSetUserMFAPreferenceInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username),
		SMSMfaSettings: sms, SoftwareTokenMfaSettings: token, EmailMfaSettings: email, WebAuthnMfaSettings: passkey,
	})
	return err
}
