package cognito

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/document"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// WebAuthnCredential is a passkey that the pool knows.
type WebAuthnCredential struct {
	// ID names the passkey.
	ID string
	// Name is what the service calls it.
	Name string
	// RelyingPartyID is the domain that it is for.
	RelyingPartyID string
	// Attachment is "platform" or "cross-platform"; "" when it is not known.
	Attachment string
	// Transports are how it is reached, such as "internal" and "usb"; nil when it is not known.
	Transports []string
	// Created is when it was registered.
	Created time.Time
}

func newWebAuthnCredential(d types.WebAuthnCredentialDescription) *WebAuthnCredential {
	return &WebAuthnCredential{
		ID: aws.ToString(d.CredentialId), Name: aws.ToString(d.FriendlyCredentialName), RelyingPartyID: aws.ToString(d.RelyingPartyId),
		Attachment: aws.ToString(d.AuthenticatorAttachment), Transports: slices.Clone(d.AuthenticatorTransports), Created: aws.ToTime(d.CreatedAt),
	}
}

// rawDocument is JSON that the SDK sends as it is. The SDK's own encoding of documents turns empty objects, which
// browsers send, into null.
type rawDocument struct {
	document.Interface // for its unexported method

	raw []byte
}

func newRawDocument(raw []byte) rawDocument { return rawDocument{document.NewLazyDocument(nil), raw} }

func (d rawDocument) MarshalSmithyDocument() ([]byte, error) { return d.raw, nil }

// StartWebAuthnRegistration begins the registration of a passkey for the signed-in user. It returns the
// PublicKeyCredentialCreationOptionsJSON for the browser's navigator.credentials.create, with nothing changed in it; what
// that makes goes to [Cognito.CompleteWebAuthnRegistration], soon. Common errors: [ErrWebAuthnNotEnabled].
//
// It calls StartWebAuthnRegistration, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) StartWebAuthnRegistration(ctx context.Context) (json.RawMessage, error) {
	options, err := c.startWebAuthnRegistration(ctx)
	return options, wrapError("StartWebAuthnRegistration", err)
}

func (c *Cognito) startWebAuthnRegistration(ctx context.Context) (json.RawMessage, error) {
	var options json.RawMessage
	err := c.withAccessToken(ctx, func(accessToken *string) error {
		out, err := c.shared().sdk.StartWebAuthnRegistration(ctx, &cognitoidentityprovider.StartWebAuthnRegistrationInput{AccessToken: accessToken})
		if err != nil {
			return err
		}
		if out.CredentialCreationOptions == nil {
			return fieldError("the service's answer", "want the options of a passkey, got none")
		}
		options, err = out.CredentialCreationOptions.MarshalSmithyDocument()
		return err
	})
	return options, err
}

// CompleteWebAuthnRegistration registers the passkey that the browser made for the signed-in user: credentialJSON is its
// RegistrationResponseJSON, which is passed on as it is. Common errors: [ErrWebAuthnExpired], [ErrWebAuthnRefused], [ErrLimitExceeded]. The request is not sent again after a failure that leaves open whether it was
// taken.
//
// It calls CompleteWebAuthnRegistration, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) CompleteWebAuthnRegistration(ctx context.Context, credentialJSON []byte) error {
	return wrapError("CompleteWebAuthnRegistration", c.completeWebAuthnRegistration(ctx, credentialJSON))
}

func (c *Cognito) completeWebAuthnRegistration(ctx context.Context, credentialJSON []byte) error {
	if err := checkCredential(credentialJSON); err != nil {
		return err
	}
	return c.withAccessToken(ctx, func(accessToken *string) error {
		_, err := c.shared().sdk.CompleteWebAuthnRegistration(ctx, &cognitoidentityprovider.CompleteWebAuthnRegistrationInput{
			AccessToken: accessToken, Credential: newRawDocument(credentialJSON),
		}, sendOnce)
		return err
	})
}

// WebAuthnCredentials lists the signed-in user's passkeys, page by page as the range goes on; each range starts anew, and
// ends with the first error. It takes the options [Limit] and [PageSize], of at most 20.
//
// It calls ListWebAuthnCredentials, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) WebAuthnCredentials(ctx context.Context, opts ...CallOption) iter.Seq2[*WebAuthnCredential, error] {
	return wrapErrors("WebAuthnCredentials", c.webAuthnCredentials(ctx, opts))
}

// ListWebAuthnCredentials returns all passkeys of the signed-in user; nil when there are none. It takes the options [Limit]
// and [PageSize], of at most 20.
//
// It calls ListWebAuthnCredentials, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) ListWebAuthnCredentials(ctx context.Context, opts ...CallOption) ([]*WebAuthnCredential, error) {
	return collect(wrapErrors("ListWebAuthnCredentials", c.webAuthnCredentials(ctx, opts)))
}

func (c *Cognito) webAuthnCredentials(ctx context.Context, opts []CallOption) iter.Seq2[*WebAuthnCredential, error] {
	type description = types.WebAuthnCredentialDescription
	const most = 20 // of a page
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*WebAuthnCredential](err)
	}
	list := pages(ctx, call.list, func(ctx context.Context, next *string, size *int32) (p page[description], err error) {
		if size != nil {
			size = aws.Int32(min(*size, most))
		}
		err = c.withAccessToken(ctx, func(accessToken *string) error {
			out, err := c.shared().sdk.ListWebAuthnCredentials(ctx, &cognitoidentityprovider.ListWebAuthnCredentialsInput{
				AccessToken: accessToken, MaxResults: size, NextToken: next,
			})
			if err == nil {
				p = page[description]{items: out.Credentials, next: out.NextToken}
			}
			return err
		})
		return p, err
	})
	return mapped(list, func(d description) (*WebAuthnCredential, error) { return newWebAuthnCredential(d), nil })
}

// DeleteWebAuthnCredential makes the pool forget the signed-in user's passkey id.
//
// It calls DeleteWebAuthnCredential, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) DeleteWebAuthnCredential(ctx context.Context, id string) error {
	return wrapError("DeleteWebAuthnCredential", c.deleteWebAuthnCredential(ctx, id))
}

func (c *Cognito) deleteWebAuthnCredential(ctx context.Context, id string) error {
	if id == "" {
		return fieldError("credential ID", "want the ID of a passkey, got none")
	}
	return c.withAccessToken(ctx, func(accessToken *string) error {
		_, err := c.shared().sdk.DeleteWebAuthnCredential(ctx, &cognitoidentityprovider.DeleteWebAuthnCredentialInput{
			AccessToken: accessToken, CredentialId: aws.String(id),
		})
		return err
	})
}
