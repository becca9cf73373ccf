package cognito

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// UpdateProfile sets attributes of the user who is signed in; those that attrs does not name stay as they are, and an
// empty value deletes one. It returns where codes went to verify a new address with; nil when none was sent. A user
// can set only what the app client may write, and never sub or email_verified. An expired access token is renewed
// first. It takes the options [ClientMetadata] and [AttributeMap]; [ErrUserExists] says that an address is another
// user's.
//
// It calls UpdateUserAttributes, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) UpdateProfile(ctx context.Context, attrs Attributes, opts ...CallOption) ([]CodeDelivery, error) {
	deliveries, err := c.updateProfile(ctx, attrs, opts)
	return deliveries, wrapError("UpdateProfile", err)
}

func (c *Cognito) updateProfile(ctx context.Context, attrs Attributes, opts []CallOption) ([]CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optAttributeMap)
	if err != nil {
		return nil, err
	}
	list, err := call.attributeList(attrs)
	if err != nil {
		return nil, err
	}
	tokens, err := c.accessToken(ctx)
	if err != nil {
		return nil, err
	}
	return c.updateAttributes(ctx, tokens, list, call.metadata)
}

// updateAttributes sets attributes of the user that tokens are of.
func (c *Cognito) updateAttributes(ctx context.Context, tokens Tokens, list []types.AttributeType, metadata map[string]string) ([]CodeDelivery, error) {
	out, err := c.pool.sdk.UpdateUserAttributes(ctx, &cognitoidentityprovider.UpdateUserAttributesInput{
		AccessToken: aws.String(tokens.AccessToken), UserAttributes: list, ClientMetadata: metadata,
	})
	if err != nil {
		return nil, err
	}
	var deliveries []CodeDelivery
	for i := range out.CodeDeliveryDetailsList {
		deliveries = append(deliveries, *newCodeDelivery(&out.CodeDeliveryDetailsList[i]))
	}
	return deliveries, nil
}

// attributeList is attrs, under the pool's names, as the service takes them.
func (o *callOptions) attributeList(attrs Attributes) ([]types.AttributeType, error) {
	if len(attrs) == 0 {
		return nil, fieldError("attrs", "want at least one attribute, got none")
	}
	attrs, err := o.attributes.toPool(attrs)
	if err != nil {
		return nil, err
	}
	return attrs.list(), nil
}

// DeleteAttributes deletes attributes of the user who is signed in, by their names in the pool: only those that the app
// client may write. An expired access token is renewed first.
//
// It calls DeleteUserAttributes, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) DeleteAttributes(ctx context.Context, names ...string) error {
	if err := checkNames(names); err != nil {
		return wrapError("DeleteAttributes", err)
	}
	return wrapError("DeleteAttributes", c.withAccessToken(ctx, func(token *string) error {
		_, err := c.pool.sdk.DeleteUserAttributes(ctx, &cognitoidentityprovider.DeleteUserAttributesInput{
			AccessToken: token, UserAttributeNames: names,
		})
		return err
	}))
}

func checkNames(names []string) error {
	if len(names) == 0 || slices.Contains(names, "") {
		return fieldError("names", "want at least one attribute, and none empty")
	}
	return nil
}

// SendVerification sends the user who is signed in a code to verify attribute with, "email" or "phone_number", and
// returns where it went. An expired access token is renewed first. It takes the option [ClientMetadata];
// [ErrLimitExceeded] is the usual error. The request is not sent again after a failure that leaves open whether it was
// taken.
//
// It calls GetUserAttributeVerificationCode, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) SendVerification(ctx context.Context, attribute string, opts ...CallOption) (*CodeDelivery, error) {
	delivery, err := c.sendVerification(ctx, attribute, opts)
	return delivery, wrapError("SendVerification", err)
}

func (c *Cognito) sendVerification(ctx context.Context, attribute string, opts []CallOption) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata)
	if err != nil {
		return nil, err
	}
	if attribute == "" {
		return nil, errNoAttribute
	}
	var delivery *CodeDelivery
	err = c.withAccessToken(ctx, func(token *string) error {
		out, err := c.pool.sdk.GetUserAttributeVerificationCode(ctx, &cognitoidentityprovider.GetUserAttributeVerificationCodeInput{
			AccessToken: token, AttributeName: aws.String(attribute), ClientMetadata: call.metadata,
		}, sendOnce)
		if err == nil {
			delivery = newCodeDelivery(out.CodeDeliveryDetails)
		}
		return err
	})
	return delivery, err
}

// ValidateVerification verifies attribute of the user who is signed in with the code that was sent to it. An expired
// access token is renewed first. [ErrCodeMismatch], [ErrCodeExpired] and [ErrLimitExceeded] are the usual errors. The
// request is not sent again after a failure that leaves open whether it was taken.
//
// It calls VerifyUserAttribute, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) ValidateVerification(ctx context.Context, attribute, code string) error {
	return wrapError("ValidateVerification", c.validateVerification(ctx, attribute, code))
}

func (c *Cognito) validateVerification(ctx context.Context, attribute, code string) error {
	switch {
	case attribute == "":
		return errNoAttribute
	case code == "":
		return errNoCode
	}
	return c.withAccessToken(ctx, func(token *string) error {
		_, err := c.pool.sdk.VerifyUserAttribute(ctx, &cognitoidentityprovider.VerifyUserAttributeInput{
			AccessToken: token, AttributeName: aws.String(attribute), Code: aws.String(code),
		}, sendOnce)
		return err
	})
}

var errNoAttribute = fieldError("attribute", `want the attribute to verify, "email" or "phone_number", got none`)

// DeleteUser deletes the user who is signed in. The session then has no tokens; after an error it is as it was. An
// expired access token is renewed first.
//
// It calls DeleteUser, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) DeleteUser(ctx context.Context) error {
	return wrapError("DeleteUser", c.deleteUser(ctx, nil))
}

// deleteUser deletes the session's user, after check, if there is one, has agreed to the tokens it is done with.
func (c *Cognito) deleteUser(ctx context.Context, check func(Tokens) error) error {
	tokens, err := c.accessToken(ctx)
	if err != nil {
		return err
	}
	if check != nil {
		if err := check(tokens); err != nil {
			return err
		}
	}
	_, err = c.pool.sdk.DeleteUser(ctx, &cognitoidentityprovider.DeleteUserInput{AccessToken: aws.String(tokens.AccessToken)})
	if err != nil {
		return err
	}
	c.session.signedOut(tokens)
	return c.session.forget(ctx)
}
