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

// WebAuthnCredential is a passkey that is registered with the pool.
type WebAuthnCredential struct {
	// ID identifies the passkey.
	ID string
	// Name is the name that the service gave the passkey.
	Name string
	// RelyingPartyID is the domain that the passkey is for.
	RelyingPartyID string
	// Attachment is "platform", "cross-platform", or "" if it is not known.
	Attachment string
	// Transports are the ways to reach the authenticator, such as "internal" and "usb". It is nil
	// if they are not known.
	Transports []string
	// Created is the time when the passkey was registered.
	Created time.Time
}

func newWebAuthnCredential(d types.WebAuthnCredentialDescription) *WebAuthnCredential {
	return &WebAuthnCredential{
		ID:             aws.ToString(d.CredentialId),
		Name:           aws.ToString(d.FriendlyCredentialName),
		RelyingPartyID: aws.ToString(d.RelyingPartyId),
		Attachment:     aws.ToString(d.AuthenticatorAttachment),
		Transports:     slices.Clone(d.AuthenticatorTransports),
		Created:        aws.ToTime(d.CreatedAt),
	}
}

// rawDocument is JSON that the SDK sends unchanged. The SDK's own encoding of documents replaces
// empty objects, which browsers send, with null.
type rawDocument struct {
	document.Interface // for its unexported method

	raw []byte
}

func newRawDocument(raw []byte) rawDocument { return rawDocument{document.NewLazyDocument(nil), raw} }

// MarshalSmithyDocument returns the JSON unchanged.
func (d rawDocument) MarshalSmithyDocument() ([]byte, error) { return d.raw, nil }

// StartWebAuthnRegistration starts the registration of a passkey for the signed-in user. It returns
// the PublicKeyCredentialCreationOptionsJSON for the browser's navigator.credentials.create,
// unchanged. Pass the browser's result to [Cognito.CompleteWebAuthnRegistration] soon, before the
// registration expires. Common errors: [ErrNotSignedIn], [ErrWebAuthnNotEnabled].
//
// It calls StartWebAuthnRegistration with the session's access token.
func (c *Cognito) StartWebAuthnRegistration(ctx context.Context) (json.RawMessage, error) {
	options, err := c.startWebAuthnRegistration(ctx)
	return options, wrapError("StartWebAuthnRegistration", err)
}

func (c *Cognito) startWebAuthnRegistration(ctx context.Context) (json.RawMessage, error) {
	var options json.RawMessage
	err := c.withAccessToken(ctx, func(accessToken *string) error {
		in := &cognitoidentityprovider.StartWebAuthnRegistrationInput{AccessToken: accessToken}
		out, err := c.shared().sdk.StartWebAuthnRegistration(ctx, in)
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

// CompleteWebAuthnRegistration registers the passkey that the browser created for the signed-in
// user. credentialJSON is the browser's RegistrationResponseJSON, which is sent unchanged. Common
// errors: [ErrNotSignedIn], [ErrWebAuthnExpired], [ErrWebAuthnRefused], [ErrLimitExceeded].
//
// It calls CompleteWebAuthnRegistration with the session's access token. Not retried automatically.
func (c *Cognito) CompleteWebAuthnRegistration(ctx context.Context, credentialJSON []byte) error {
	return wrapError("CompleteWebAuthnRegistration", c.completeWebAuthnRegistration(ctx, credentialJSON))
}

func (c *Cognito) completeWebAuthnRegistration(ctx context.Context, credentialJSON []byte) error {
	if err := checkCredential(credentialJSON); err != nil {
		return err
	}
	return c.withAccessToken(ctx, func(accessToken *string) error {
		in := &cognitoidentityprovider.CompleteWebAuthnRegistrationInput{
			AccessToken: accessToken, Credential: newRawDocument(credentialJSON),
		}
		_, err := c.shared().sdk.CompleteWebAuthnRegistration(ctx, in, sendOnce)
		return err
	})
}

// WebAuthnCredentials ranges over the signed-in user's passkeys. It fetches pages as the range
// proceeds. Each range starts from the beginning and ends with the first error. It takes the
// options [Limit] and [PageSize]; pages have at most 20 elements. Common errors: [ErrNotSignedIn].
//
// It calls ListWebAuthnCredentials for each page with the session's access token.
func (c *Cognito) WebAuthnCredentials(ctx context.Context, opts ...CallOption) iter.Seq2[*WebAuthnCredential, error] {
	return wrapErrors("WebAuthnCredentials", c.webAuthnCredentials(ctx, opts))
}

// ListWebAuthnCredentials returns all passkeys of the signed-in user, or nil if there are none. It
// takes the options [Limit] and [PageSize]; pages have at most 20 elements. Common errors:
// [ErrNotSignedIn].
//
// It calls ListWebAuthnCredentials for each page with the session's access token.
func (c *Cognito) ListWebAuthnCredentials(ctx context.Context, opts ...CallOption) ([]*WebAuthnCredential, error) {
	return collect(wrapErrors("ListWebAuthnCredentials", c.webAuthnCredentials(ctx, opts)))
}

func (c *Cognito) webAuthnCredentials(ctx context.Context, opts []CallOption) iter.Seq2[*WebAuthnCredential, error] {
	type description = types.WebAuthnCredentialDescription
	const most = 20 // elements in a page
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*WebAuthnCredential](err)
	}
	fetch := func(ctx context.Context, next *string, size *int32) (p page[description], err error) {
		if size != nil {
			size = aws.Int32(min(*size, most))
		}
		err = c.withAccessToken(ctx, func(accessToken *string) error {
			in := &cognitoidentityprovider.ListWebAuthnCredentialsInput{
				AccessToken: accessToken, MaxResults: size, NextToken: next,
			}
			out, err := c.shared().sdk.ListWebAuthnCredentials(ctx, in)
			if err == nil {
				p = page[description]{items: out.Credentials, next: out.NextToken}
			}
			return err
		})
		return p, err
	}
	return mapped(pages(ctx, call.list, fetch), func(d description) (*WebAuthnCredential, error) {
		return newWebAuthnCredential(d), nil
	})
}

// DeleteWebAuthnCredential deletes the signed-in user's passkey with the ID id from the pool.
// Common errors: [ErrNotSignedIn].
//
// It calls DeleteWebAuthnCredential with the session's access token.
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
